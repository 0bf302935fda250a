import Glibc
import Testing

@testable import kvnode

@Suite struct DevProcessTests {
    @Test func linesGetTheirPrefixHoweverTheyArrive() {
        var lines = LinePrefixer(prefix: "[a] ")
        #expect(text(lines.add("one\ntw".utf8)) == "[a] one\n")
        #expect(text(lines.add("o\n\nrest".utf8)) == "[a] two\n[a] \n")
        #expect(text(lines.finish()) == "[a] rest\n")
        #expect(lines.finish().isEmpty)
    }

    @Test func endlessLinesAreBroken() {
        var lines = LinePrefixer(prefix: "")
        let output = lines.add([UInt8](repeating: 65, count: LinePrefixer.maxLine + 1))
        #expect(output.count == LinePrefixer.maxLine + 1)
        #expect(lines.finish() == [65, UInt8(ascii: "\n")])
    }

    @Test func endingsAreTold() {
        #expect(ChildProcess.Ending(status: 0) == .exited(0))
        #expect(ChildProcess.Ending(status: 3 << 8).description == "exited with code 3")
        #expect(ChildProcess.Ending(status: 9) == .killed(signal: SIGKILL))
        #expect(ChildProcess.Ending(status: 0x80 | 11) == .killed(signal: SIGSEGV))
        #expect(ChildProcess.Ending(status: 9).description.hasPrefix("was killed by signal 9 ("))
    }

    @Test func aPortInUseIsFoundBeforeTheStart() throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        let port = try #require(Self.listen(descriptor))
        #expect(!PortCheck.isFree(port))
        let plan = try DevPlan(
            DevPlan.Request(nodes: 1, engines: ["memory"], basePort: port, directory: "/nowhere"))
        #expect(PortCheck.problems(of: plan).first == "port \(port) (client gRPC of node0) is in use")
        shutdown(descriptor, Int32(SHUT_RDWR))
        #expect(PortCheck.isFree(port))
    }

    /// Listens on a port that the system chooses, low enough for a plan; nil if that fails.
    private static func listen(_ descriptor: Int32) -> Int? {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(descriptor, pointer, length) == 0 && Glibc.listen(descriptor, 1) == 0
                    && getsockname(descriptor, pointer, &length) == 0
            }
        }
        return isListening ? Int(UInt16(bigEndian: address.sin_port)) : nil
    }

    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}
