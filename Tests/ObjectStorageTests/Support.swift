import Foundation
import NIOCore
import NIOPosix
import Synchronization

@testable import ObjectStorage

/// Time, chance and pauses that a test decides, and sees.
final class Bench: Sendable {
    /// 2013-05-24T00:00:00Z
    static let start = 1_369_353_600.0

    private let time = Mutex(Bench.start)
    private let slept = Mutex<[Duration]>([])

    /// The pauses so far, none of which took any time.
    var pauses: [Duration] { slept.withLock { $0 } }

    var now: Double { time.withLock { $0 } }

    func advance(_ seconds: Double) { time.withLock { $0 += seconds } }

    func environment(_ variables: [String: String] = [:]) -> AWSEnvironment {
        AWSEnvironment(
            variables: variables, now: { self.now }, random: { 0.5 },
            sleep: { pause in
                try Task.checkCancellation()
                self.slept.withLock { $0.append(pause) }
            })
    }

    static let keys = [
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret-of-the-test",
        "AWS_REGION": "eu-central-1",
    ]

    /// Runs `body` with a store whose server answers as the script says.
    func withStore(
        prefix: String = "p", _ configure: (inout S3Configuration) -> Void = { _ in },
        script: @escaping ScriptedServer.Script,
        _ body: (S3ObjectStore, ScriptedServer) async throws -> Void
    ) async throws {
        try await ScriptedServer.with(script) { server in
            var configuration = S3Configuration(endpoint: server.address)
            configure(&configuration)
            let store = try S3ObjectStore(
                bucket: "bucket", prefix: prefix, configuration: configuration,
                environment: environment(Self.keys), group: MultiThreadedEventLoopGroup.singleton)
            do {
                try await body(store, server)
            } catch {
                try await store.close()
                throw error
            }
            try await store.close()
        }
    }
}

/// Counts calls on any thread.
final class Counter: Sendable {
    private let count = Mutex(0)

    var value: Int { count.withLock { $0 } }

    /// - Returns: How many calls there were before.
    func next() -> Int {
        count.withLock { count in
            defer { count += 1 }
            return count
        }
    }
}

/// Set on one thread, seen on another.
final class Flag: Sendable {
    private let state = Mutex(false)

    var isSet: Bool { state.withLock { $0 } }

    func set() { state.withLock { $0 = true } }
}

extension ByteBuffer {
    /// Bytes that differ from place to place.
    static func pattern(_ count: Int) -> ByteBuffer {
        ByteBuffer(bytes: (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) })
    }
}

/// Runs `body` with the path of a new folder, which is removed in the end.
func withFolder(_ body: (String) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("kvnode-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
    do {
        try await body(folder.path)
    } catch {
        try FileManager.default.removeItem(at: folder)
        throw error
    }
    try FileManager.default.removeItem(at: folder)
}
