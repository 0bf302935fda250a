import Engine
import Foundation
import Glibc
import Testing

/// No room: writes fail as `noSpace`, reads go on, and nothing acknowledged is lost.
@Suite(.serialized) struct DiskFullTests {
    /// A file system of memory, which only root may mount.
    private static func withSmallFileSystem(megabytes: Int, _ body: (String) throws -> Void) throws {
        try withScratch { path in
            let mountPoint = path + "/small"
            try FileManager.default.createDirectory(atPath: mountPoint, withIntermediateDirectories: false)
            try #require(mount("kvnode", mountPoint, "tmpfs", 0, "size=\(megabytes)m") == 0)
            defer { umount2(mountPoint, Int32(MNT_DETACH)) }
            try body(mountPoint)
        }
    }

    private static let canMount: Bool = {
        let mounted: Void? = try? withSmallFileSystem(megabytes: 1) { _ in }
        return mounted != nil
    }()

    @Test(.enabled(if: canMount, "mounting a file system takes root"), arguments: Subject.persistent)
    func `a full disk refuses writes until there is room`(_ subject: Subject) throws {
        try Self.withSmallFileSystem(megabytes: 32) { disk in
            let filler = disk + "/filler"
            try Data(repeating: 1, count: 16 << 20).write(to: URL(fileURLWithPath: filler))
            let engine = try subject.open(disk + "/engine")
            let rows = try fill(engine, from: 0)
            // It stays refused, and says so each time.
            for _ in 0..<3 { #expect(try writeError(engine, rows) == .noSpace) }
            try check(engine, rows)

            unlink(filler)
            let more = try fillAfterRoom(engine, from: rows)
            #expect(more > rows)
            try check(engine, more)
            try engine.close()

            try reopenAndCheck(subject, disk, more)
        }
    }

    /// After the first row that could not be written there is room again: that row and more must succeed.
    private func fillAfterRoom(_ engine: any StorageEngine, from rows: Int) throws -> Int {
        for number in rows..<rows + 200 { #expect(try writeError(engine, number) == nil) }
        return rows + 200
    }

    private func fill(_ engine: any StorageEngine, from first: Int) throws -> Int {
        for number in first..<1_000_000 {
            guard let code = try writeError(engine, number) else { continue }
            #expect(code == .noSpace)
            return number
        }
        Issue.record("the disk never filled")
        return 0
    }

    private func writeError(_ engine: any StorageEngine, _ number: Int) throws -> EngineError.Code? {
        var batch = WriteBatch()
        batch.put(.data, Row.key(number), Row.value(number))
        return engineError { try engine.write(batch, durability: .synced) }
    }

    private func check(_ engine: any StorageEngine, _ rows: Int) throws {
        var wrong = 0
        for number in 0..<rows where try engine.get(.data, Row.key(number)) != Row.value(number) {
            wrong += 1
        }
        #expect(wrong == 0, "of \(rows) acknowledged rows")
    }

    private func reopenAndCheck(_ subject: Subject, _ disk: String, _ rows: Int) throws {
        let engine = try subject.open(disk + "/engine")
        try check(engine, rows)
        try engine.close()
    }

    @Test(arguments: Subject.persistent)
    func `a limit on the files' size is no space`(_ subject: Subject) throws {
        try withScratch { path in
            // Below a write buffer, so that the log meets it.
            let (line, end) = try Child.answer("fill", subject.factory.name, path + "/engine", "700000")
            #expect(end == .exit(0))
            let words = try #require(line).split(separator: " ")
            let rows = try #require(Int(words[0]))
            #expect(rows > 100 && words[1] == "noSpace")
            let engine = try subject.open(path + "/engine")
            try check(engine, rows)
            try engine.close()
        }
    }
}
