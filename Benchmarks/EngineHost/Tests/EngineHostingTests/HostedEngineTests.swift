import EngineHosting
import Foundation
import HostProtocol
import Results
import Testing

@Suite struct HostedEngineTests {
    private static func withEngine(_ name: String, _ body: (HostedEngine) throws -> Void) throws {
        try withFolder { folder in
            let engine = try HostedEngine(
                name, at: folder.appendingPathComponent("data").path, isSynced: false)
            try body(engine)
            try engine.close()
        }
    }

    private static func order(_ workload: String, first: Int, operations: Int?, seconds: Double = 60)
        -> HostOrder
    {
        HostOrder(
            workload: workload, bucket: "bench", firstRecords: first, valueSize: 100, callers: 8,
            coordinators: 3, seconds: seconds, operations: operations, seed: 1)
    }

    @Test(arguments: HostedEngine.names)
    func `an engine is loaded, and every workload finds its records`(_ name: String) throws {
        try Self.withEngine(name) { engine in
            let loaded = try engine.carryOut(Self.order("load", first: 0, operations: 500))
            #expect(loaded.operations == 500)
            #expect(loaded.records == 500)
            #expect(loaded.kinds.mapValues(\.count) == ["insert": 500])
            // Keys of 16 bytes.
            #expect(loaded.bytesWritten == 500 * 116)
            var records = 500
            for workload in ["a", "b", "c", "d", "e", "f", "list", "steady"] {
                let done = try engine.carryOut(Self.order(workload, first: 500, operations: 400))
                #expect(done.operations == 400, "\(workload)")
                #expect(done.errors == [:], "\(workload)")
                #expect(done.absent == 0, "\(workload)")
                #expect(done.kinds.values.reduce(0) { $0 + $1.count } == 400, "\(workload)")
                records += done.kinds["insert"]?.count ?? 0
                #expect(done.records == records, "\(workload)")
                let written = done.kinds.filter { ["insert", "update", "modify"].contains($0.key) }
                #expect(done.bytesWritten == written.values.reduce(0) { $0 + $1.count } * 116, "\(workload)")
            }
        }
    }

    @Test func `a round ends with its time, and what it took itself is less than that`() throws {
        try Self.withEngine("memory") { engine in
            _ = try engine.carryOut(Self.order("load", first: 0, operations: 100))
            var ticks = 0
            let done = try engine.carryOut(Self.order("a", first: 100, operations: nil, seconds: 1.2)) {
                _, _ in ticks += 1
            }
            #expect(done.seconds >= 1.2 && done.seconds < 30)
            #expect(done.operations > 100)
            #expect(ticks > 1)
            #expect(done.callerCPUSeconds > 0 && done.callerCPUSeconds < done.seconds)
            #expect(done.timeline.count >= 1)
        }
    }

    @Test func `what was deleted has left a row, which reads find`() throws {
        try Self.withEngine("memory") { engine in
            _ = try engine.carryOut(Self.order("load", first: 0, operations: 100))
            _ = try engine.carryOut(Self.order("delete-heavy", first: 100, operations: 2_000))
            #expect(try engine.carryOut(Self.order("c", first: 100, operations: 500)).absent == 0)
        }
    }

    @Test(arguments: [
        ("z", "bench", 0, "there is no workload \"z\""),
        ("c", "bench", 10, "bench has 0 records, workload c was to begin with 10"),
        ("c", "bench", 0, "workload c was to begin with 0"),
        ("load", "", 0, "a bucket's name has 1 to 28 bytes"),
    ])
    func `an order that cannot be carried out is refused with the reason`(
        _ workload: String, _ bucket: String, _ first: Int, _ reason: String
    ) throws {
        try Self.withEngine("memory") { engine in
            var order = Self.order(workload, first: first, operations: 1)
            order.bucket = bucket
            let error = try #require(#expect(throws: (any Error).self) { try engine.carryOut(order) })
            #expect("\(error)".contains(reason), "\(error)")
        }
    }

    @Test func `an engine that there is not is refused with those that there are`() throws {
        let error = try #require(
            #expect(throws: (any Error).self) {
                try HostedEngine("oracle", at: "/nowhere", isSynced: false)
            })
        #expect("\(error)" == "there is no engine \"oracle\": rocksdb, leveldb, lmdb, memory")
    }
}
