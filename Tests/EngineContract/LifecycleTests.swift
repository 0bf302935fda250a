import Engine
import Foundation
import Testing

/// Opening, closing, locks, checkpoints, upkeep.
@Suite struct LifecycleTests {
    @Test(arguments: Subject.persistent, [Durability.buffered, .synced])
    func `rows are there after a reopen`(_ subject: Subject, _ durability: Durability) throws {
        try withScratch { path in
            for round in 0..<3 {
                let engine = try subject.open(path + "/engine")
                #expect(try engine.scan(.data, .all).rows.count == round * 1000)
                var batch = WriteBatch()
                for number in round * 1000..<(round + 1) * 1000 {
                    batch.put(.data, Row.key(number), Row.value(number))
                }
                try engine.write(batch, durability: durability)
                try engine.close()
            }
            let engine = try subject.open(path + "/engine")
            for row in try engine.scan(.data, .all).rows {
                #expect(row.value == Row.value(Row.number(row.key)!))
            }
            try engine.close()
        }
    }

    @Test(arguments: Subject.all)
    func `a second open is refused as locked`(_ subject: Subject) throws {
        try withScratch { path in
            let engine = try subject.open(path + "/engine")
            try engine.put([1], [1])
            #expect(engineError { _ = try subject.open(path + "/engine") } == .locked)
            #expect(engineError { _ = try subject.open(path + "/./engine") } == .locked)
            if subject.persistent {
                #expect(try Child.answer("open", subject.factory.name, path + "/engine").line == "locked")
            }
            // The refusals did the open engine no harm.
            #expect(try engine.get(.data, [1]) == [1])
            try engine.close()
            try subject.open(path + "/engine").close()
            if subject.persistent {
                #expect(try Child.answer("open", subject.factory.name, path + "/engine").line == "opened")
            }
        }
    }

    @Test(arguments: Subject.all)
    func `a closed engine refuses every call`(_ subject: Subject) throws {
        try withScratch { path in
            let engine = try subject.open(path + "/engine")
            try engine.close()
            let calls: [(String, () throws -> Void)] = [
                ("write", { try engine.put([1], [1]) }),
                ("get", { _ = try engine.get(.data, [1]) }),
                ("multiGet", { try engine.multiGet(.data, [[1]]) { _, _ in } }),
                ("scan", { _ = try engine.scan(.data, .all) }),
                ("read", { try engine.read { _ in } }),
                ("deleteRange", { try engine.deleteRange(.data, .all) }),
                ("approximateSize", { _ = try engine.approximateSize(.data, .all) }),
                ("checkpoint", { try engine.checkpoint(to: path + "/copy") }),
                ("compact", { try engine.compact(.data) }),
                ("sync", { try engine.sync() }),
                ("statistics", { _ = try engine.statistics() }),
                ("close", { try engine.close() }),
            ]
            for (name, call) in calls { #expect(engineError(call) == .closed, "\(name)") }
        }
    }

    @Test(arguments: Subject.all)
    func `a checkpoint opens on its own`(_ subject: Subject) throws {
        try withScratch { path in
            let engine = try subject.open(path + "/engine")
            var batch = WriteBatch()
            for number in 0..<2000 {
                batch.put(Keyspace.allCases[number % 3], Row.key(number), Row.value(number))
            }
            try engine.write(batch, durability: .buffered)
            try engine.checkpoint(to: path + "/copy")
            try engine.deleteRange(.data, .all)
            #expect(engineError { try engine.checkpoint(to: path + "/copy") } == .invalidArgument)

            // Beside the original, with nothing shared.
            let copy = try subject.open(path + "/copy")
            for number in 0..<2000 {
                #expect(try copy.get(Keyspace.allCases[number % 3], Row.key(number)) == Row.value(number))
            }
            try copy.deleteRange(.hints, .all)
            #expect(try engine.get(.hints, Row.key(1)) == Row.value(1))
            try copy.close()
            try engine.close()
        }
    }

    @Test(arguments: Subject.all)
    func `of several checkpoints to one path one succeeds`(_ subject: Subject) async throws {
        try await withScratch { path in
            let engine = try subject.open(path + "/engine")
            for number in 0..<500 { try engine.put(Row.key(number), Row.value(number)) }
            let results = try await withThrowingTaskGroup(of: EngineError.Code?.self) { group in
                for _ in 0..<6 {
                    group.addTask {
                        try await onThread { engineError { try engine.checkpoint(to: path + "/copy") } }
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(results.count { $0 == nil } == 1)
            #expect(results.count { $0 == .invalidArgument } == 5)
            let copy = try subject.open(path + "/copy")
            #expect(try copy.scan(.data, .all).rows.count == 500)
            try copy.close()
            try engine.close()
        }
    }

    @Test(arguments: Subject.all)
    func `upkeep keeps the rows and gives figures`(_ subject: Subject) throws {
        try subject.withEngine { engine in
            for first in stride(from: 0, to: 5000, by: 500) {
                var batch = WriteBatch()
                for number in first..<first + 500 { batch.put(.data, Row.key(number), Row.value(number)) }
                try engine.write(batch, durability: .buffered)
            }
            try engine.compact(.data)
            try engine.sync()
            #expect(try engine.scan(.data, .all).rows.count == 5000)
            let whole = try engine.approximateSize(.data, .all)
            let half = try engine.approximateSize(.data, KeyRange(lower: Row.key(0), upper: Row.key(2500)))
            #expect(try engine.approximateSize(.data, KeyRange(lower: [9], upper: [9])) == 0)
            if engine.capabilities.persistent {
                #expect((1_000_000...10_000_000).contains(whole))
                #expect(half * 10 > whole * 3 && half * 10 < whole * 7)
            }
            let statistics = try engine.statistics()
            #expect(!statistics.isEmpty && statistics.values.allSatisfy { $0.isFinite && $0 >= 0 })
        }
    }

    @Test(arguments: Subject.persistent)
    func `what is written over gives its room back, also while another keyspace rests`(_ subject: Subject)
        throws
    {
        try withScratch { path in
            let engine = try subject.open(path + "/engine")
            var rested = WriteBatch()
            rested.put(.meta, [1], [1])
            try engine.write(rested, durability: .buffered)
            var generator = SeededGenerator(1)
            // No library can make a piece of it shorter.
            let noise = (0..<20_480).map { _ in UInt8.random(in: 0...255, using: &generator) }
            for _ in 0..<96 {
                var batch = WriteBatch()
                for number in 0..<100 {
                    let start = Int.random(in: 0..<10_240, using: &generator)
                    batch.put(.data, Row.key(number), Array(noise[start..<start + 10_240]))
                }
                try engine.write(batch, durability: .buffered)
            }
            // 96 MiB were written, of which 1 is there. The rest waits for compactions.
            #expect(try bytes(below: path) < 48 << 20)
            #expect(try engine.get(.meta, [1]) == [1])
            try engine.close()
        }
    }

    private func bytes(below path: String) throws -> Int {
        let manager = FileManager.default
        return try manager.subpathsOfDirectory(atPath: path).reduce(0) { sum, name in
            // A file may go while it is looked at.
            sum + (((try? manager.attributesOfItem(atPath: "\(path)/\(name)"))?[.size] as? Int) ?? 0)
        }
    }

    @Test(arguments: Subject.all)
    func `multiGet answers each key once`(_ subject: Subject) throws {
        try subject.withEngine { engine in
            for number in stride(from: 0, to: 100, by: 2) {
                try engine.put(Row.key(number), Row.value(number))
            }
            try engine.compact(.data)
            let keys = (0..<100).shuffled().map(Row.key) + [Row.key(4), Row.key(4)]
            var answers = [Int](repeating: 0, count: keys.count)
            try engine.multiGet(.data, keys) { (index, value) throws(EngineError) in
                answers[index] += 1
                let number = Row.number(keys[index])!
                let got: [UInt8]? = if let value { [UInt8](copying: value) } else { nil }
                #expect(got == (number % 2 == 0 ? Row.value(number) : nil))
            }
            #expect(answers.allSatisfy { $0 == 1 })
            try engine.multiGet(.data, []) { (_, _) throws(EngineError) in
                Issue.record("no key was asked for")
            }
        }
    }

    @Test(arguments: Subject.all)
    func `options out of range are refused by name`(_ subject: Subject) throws {
        for option in subject.factory.options {
            let error = #expect(throws: EngineError.self) {
                try EngineOptions(subject.factory.options, given: [option.name: "-7"], prefix: "engine.")
            }
            #expect(error?.code == .invalidArgument)
            #expect(error?.message.contains("engine." + option.name) == true)
            #expect(error?.message.contains(option.accepted) == true)
            // The default is one of the accepted values.
            _ = try EngineOptions([option], given: [option.name: option.defaultValue])
        }
    }

    @Test(arguments: Subject.files)
    func `each choice of an option opens`(_ subject: Subject) throws {
        for option in subject.factory.options {
            let values =
                switch option.kind {
                case .bool: ["true", "false"]
                case .choice(let names): names
                case .int(let range): range.upperBound <= 1 << 20 ? ["\(range.lowerBound)"] : []
                }
            for value in values {
                try withScratch { path in
                    let options = try EngineOptions(subject.factory.options, given: [option.name: value])
                    let engine = try subject.factory.open(at: path + "/engine", options: options)
                    for number in 0..<10 { try engine.put(Row.key(number), Row.value(number)) }
                    try engine.compact(.data)
                    #expect(try engine.scan(.data, .all).rows.count == 10, "\(option.name)=\(value)")
                    #expect(try !engine.statistics().isEmpty)
                    try engine.close()
                }
            }
        }
    }
}
