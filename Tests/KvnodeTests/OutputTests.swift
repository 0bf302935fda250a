import ArgumentParser
import Foundation
import Glibc
import Testing

@testable import kvnode

@Suite struct OutputTests {
    @Test func aReaderThatIsGoneEndsTheCommandAsSIGPIPEDoes() throws {
        signal(SIGPIPE, SIG_IGN)
        let pipe = Pipe()
        try pipe.fileHandleForReading.close()
        let output = Output(descriptor: pipe.fileHandleForWriting.fileDescriptor)
        let exit = #expect(throws: ExitCode.self) { try output.print("x") }
        #expect(exit?.rawValue == 141)
    }

    @Test func aFullDeviceFailsTheCommand() throws {
        let full = try #require(FileHandle(forWritingAtPath: "/dev/full"))
        let exit = #expect(throws: ExitCode.self) { try Output(descriptor: full.fileDescriptor).print("x") }
        #expect(exit == .failure)
    }

    @Test func aNonBlockingPipeIsWaitedFor() async throws {
        let pipe = Pipe()
        let descriptor = pipe.fileHandleForWriting.fileDescriptor
        #expect(fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK) == 0)
        // More than a pipe holds.
        let bytes = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 * 31) }
        let reader = Task.detached { try pipe.fileHandleForReading.readToEnd() }
        try Output(descriptor: descriptor).print(bytes)
        try pipe.fileHandleForWriting.close()
        #expect(try await reader.value == Data(bytes))
    }
}
