import Foundation
import Glibc
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import ObjectStorage

/// Objects as files.
@Suite(.timeLimit(.minutes(1))) struct FileStoreTests {
    private let hello = ByteBuffer(string: "hello")

    private func with(
        maxObjectBytes: Int = 1 << 20, _ body: (FileObjectStore, String) async throws -> Void
    ) async throws {
        try await withFolder { folder in
            let path = "\(folder)/a/store"
            try await body(FileObjectStore(path: path, maxObjectBytes: maxObjectBytes), path)
        }
    }

    private func setAge(_ seconds: Double, of path: String) throws {
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSinceNow: -seconds)], ofItemAtPath: path)
    }

    private func entries(_ path: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path).sorted()
    }

    @Test func `Objects are put, given, listed and removed`() async throws {
        try await with { store, path in
            try await store.check()
            #expect(store.location == "file://\(path)")
            #expect(try await store.list("") == [])
            #expect(try await store.get("a/b") == nil)
            try await store.put("a/b", hello)
            try await store.put("a/b", ByteBuffer(string: "again"))
            try await store.put("a-c", ByteBuffer())
            let large = ByteBuffer.pattern(300_000)
            try await store.put("a/d/e", large)
            #expect(try await store.get("a/b") == ByteBuffer(string: "again"))
            #expect(try await store.get("a-c") == ByteBuffer())
            #expect(try await store.get("a/d/e") == large)
            #expect(try await store.get("a") == nil)
            #expect(try await store.get("a/b/c") == nil)
            let objects = try await store.list("")
            #expect(objects.map(\.name) == ["a-c", "a/b", "a/d/e"])
            #expect(objects.map(\.size) == [0, 5, 300_000])
            #expect(objects.allSatisfy { abs(Double($0.modified) - WallClock.now()) < 60 })
            try await store.delete(["a/b", "a/d/e", "missing", "a/b/c"])
            #expect(try await store.list("").map(\.name) == ["a-c"])
            // Folders go with their last object.
            #expect(try entries(path) == [".unfinished", "a-c"])
            #expect(try entries("\(path)/.unfinished") == [])
            try await store.close()
        }
    }

    @Test(arguments: [
        ("", ["a/1", "a/12", "a/2/x", "ab"]), ("a", ["a/1", "a/12", "a/2/x", "ab"]),
        ("a/", ["a/1", "a/12", "a/2/x"]),
        ("a/1", ["a/1", "a/12"]), ("a/2/", ["a/2/x"]), ("a/2/x", ["a/2/x"]), ("b", []), ("ab/", []),
        ("a/3/", []),
    ])
    func `Prefixes`(_ prefix: String, _ names: [String]) async throws {
        try await with { store, _ in
            for name in ["ab", "a/12", "a/1", "a/2/x"] { try await store.put(name, hello) }
            #expect(try await store.list(prefix).map(\.name) == names)
        }
    }

    @Test func `What others put there is left out`() async throws {
        try await with { store, path in
            try await store.put("a", hello)
            for name in [".hidden", "with space", "ä"] {
                try Data().write(to: URL(fileURLWithPath: "\(path)/\(name)"))
            }
            try FileManager.default.createSymbolicLink(
                atPath: "\(path)/link", withDestinationPath: "/etc/passwd")
            #expect(try await store.list("").map(\.name) == ["a"])
        }
    }

    @Test func `What a killed process left is ignored, and removed a day later`() async throws {
        try await with { store, path in
            try await store.check()
            let left = "\(path)/.unfinished/123"
            try Data("half".utf8).write(to: URL(fileURLWithPath: left))
            try setAge(86_300, of: left)
            try await store.put("a", hello)
            #expect(try await store.list("").map(\.name) == ["a"])
            #expect(try entries("\(path)/.unfinished") == ["123"])
            try setAge(86_500, of: left)
            try await store.put("b", hello)
            #expect(try entries("\(path)/.unfinished") == [])
        }
    }

    @Test func `A process that is killed while it puts leaves whole objects only`() async throws {
        // As far as it came: the file is written, and not renamed.
        try await with { store, path in
            try await store.put("a", hello)
            let folder = ObjectFolder(root: path, maxObjectBytes: 1)
            try PosixFile.create("\(folder.root)/.unfinished/x", ByteBuffer(string: "hel"))
            #expect(try await store.get("a") == hello)
            #expect(try await store.list("").map(\.name) == ["a"])
        }
    }

    @Test func `A name that is a folder's`() async throws {
        try await with { store, path in
            try await store.put("a/b", hello)
            for name in ["a", "a/b/c"] {
                let error = await #expect(throws: ObjectStoreError.self) { try await store.put(name, hello) }
                #expect(error?.code == .invalidName)
                #expect(error?.message.hasPrefix("put of \(name) at file://\(path): ") == true)
            }
            let long = String(repeating: "x", count: 300)
            let error = await #expect(throws: ObjectStoreError.self) { try await store.put(long, hello) }
            #expect(error?.code == .invalidName)
            #expect(try await store.list("").map(\.name) == ["a/b"])
            #expect(try entries("\(path)/.unfinished") == [])
        }
    }

    @Test func `An object larger than the limit is refused`() async throws {
        try await with(maxObjectBytes: 4) { store, _ in
            try await store.put("a", hello)
            let error = await #expect(throws: ObjectStoreError.self) { try await store.get("a") }
            #expect(error?.code == .refused)
        }
    }

    @Test func `A path that is not absolute`() throws {
        let error = #expect(throws: ObjectStoreError.self) { try FileObjectStore(path: "backups") }
        #expect(error?.code == .invalidName)
    }

    @Test func `A folder that can't be made`() async throws {
        let store = try FileObjectStore(path: "/proc/kvnode")
        let error = await #expect(throws: ObjectStoreError.self) { try await store.check() }
        #expect(error?.message.contains("No such file or directory") == true)
    }

    @Test func `Many tasks put and remove objects of the same folders`() async throws {
        try await with { store, path in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for task in 0..<8 {
                    group.addTask {
                        for round in 0..<50 {
                            let name = "d/e/\(task)"
                            let bytes = ByteBuffer(string: "\(task) \(round)")
                            try await store.put(name, bytes)
                            #expect(try await store.get(name) == bytes)
                            try await store.delete([name])
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await store.list("") == [])
            #expect(try entries(path) == [".unfinished"])
        }
    }

    @Test func `A folder that others remove before it holds anything is made again`() async throws {
        try await with { store, path in
            // A try is lost to a removal at most, so that fewer removals than a put has tries can't make one fail.
            let removals = Mutex(0)
            let isOver = Flag()
            Thread.detachNewThread {
                while !isOver.isSet {
                    removals.withLock { left in
                        for folder in ["d/e", "d"] where left > 0 && rmdir("\(path)/\(folder)") == 0 {
                            left -= 1
                        }
                    }
                }
            }
            defer { isOver.set() }
            for _ in 0..<200 {
                removals.withLock { $0 = ObjectFolder.maxTries - 1 }
                try await store.put("d/e/a", hello)
                try await store.delete(["d/e/a"])
            }
        }
    }

    // MARK: What needs root

    /// A thread whose calls on files are those of nobody, which only the system's superuser can have.
    private func withNobody(_ body: (NIOThreadPool) async throws -> Void) async throws {
        let pool = NIOThreadPool(numberOfThreads: 1)
        pool.start()
        try await pool.runIfActive {
            // Not among the functions that the compiler knows; it is of the thread alone.
            typealias SetID = @convention(c) (UInt32) -> Int32
            let set = unsafeBitCast(dlsym(nil, "setfsuid"), to: SetID.self)
            _ = set(65_534)
        }
        try await body(pool)
        try await pool.shutdownGracefully()
    }

    @Test(.enabled(if: geteuid() == 0)) func `A folder that may not be written`() async throws {
        try await withFolder { folder in
            let path = "\(folder)/store"
            try await FileObjectStore(path: path).put("a", hello)
            try await withNobody { pool in
                #expect(chmod(folder, 0o755) == 0)
                let store = try FileObjectStore(path: path, pool: pool)
                for call in [
                    { try await store.check() }, { try await store.put("b", ByteBuffer()) },
                    { try await store.delete(["a"]) },
                ] {
                    let error = await #expect(throws: ObjectStoreError.self) { try await call() }
                    #expect(error?.code == .notAuthorized)
                    #expect(error?.message.contains("Permission denied") == true)
                }
                #expect(chmod(path, 0o700) == 0)
                for call in [{ _ = try await store.get("a") }, { _ = try await store.list("") }] {
                    let error = await #expect(throws: ObjectStoreError.self) { try await call() }
                    #expect(error?.code == .notAuthorized)
                }
            }
        }
    }

    /// nil: file systems can't be mounted here.
    private static func mountSmall(_ path: String) -> Bool {
        run("mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", path)
    }

    private static func run(_ arguments: String...) -> Bool {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = arguments
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }

    private static let canMount: Bool = {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent(
            "kvnode-\(UUID().uuidString)"
        ).path
        guard mkdir(path, 0o755) == 0 else { return false }
        defer { rmdir(path) }
        return mountSmall(path) && run("umount", path)
    }()

    @Test(.enabled(if: canMount)) func `A disk that is full`() async throws {
        try await withFolder { folder in
            #expect(Self.mountSmall(folder))
            defer { #expect(Self.run("umount", folder)) }
            let store = try FileObjectStore(path: "\(folder)/store")
            try await store.put("a", hello)
            let error = await #expect(throws: ObjectStoreError.self) {
                try await store.put("a", .pattern(400_000))
            }
            #expect(error?.code == .noSpace)
            #expect(error?.message.contains("No space left on device") == true)
            // What there was is there, and what was half is gone.
            #expect(try await store.get("a") == hello)
            try await store.put("b", .pattern(100_000))
            #expect(try await store.list("").map(\.name) == ["a", "b"])
        }
    }
}
