import Load
import Workloads

/// Requests of the fixed sizes that `LoadPlan.test` has.
extension Peer {
    /// Bytes of a `GET` of a record.
    static let getSize = 36
    /// Bytes of a `SET` of a record's value of eight bytes.
    static let setSize = 50

    func readGet() throws -> String { String(decoding: try read(exactly: Self.getSize), as: UTF8.self) }

    func readSet() throws -> String { String(decoding: try read(exactly: Self.setSize), as: UTF8.self) }

    /// Answers every `GET` at once, until the client closes the connection: how many there were.
    func answerGets() throws -> Int {
        var bytes = 0
        while true {
            let more = try read()
            if more.isEmpty { return bytes / Self.getSize }
            let answered = bytes / Self.getSize
            bytes += more.count
            try send(String(repeating: "$1\r\nx\r\n", count: bytes / Self.getSize - answered))
        }
    }

    func readPreface() throws { _ = try read(exactly: Frame.preface.count) }

    func readFrame() throws -> Frame {
        let head = try read(exactly: 9)
        let payload = try read(exactly: Int(Frame.number(head[0..<3])))
        guard let kind = Frame.Kind(rawValue: head[3]) else { throw Failure("a frame of type \(head[3])") }
        return Frame(kind: kind, flags: head[4], stream: Frame.number(head[5..<9]), payload: payload)
    }

    /// Reads calls until they have ended: their streams.
    func readCalls(_ count: Int) throws -> [UInt32] {
        var streams: [UInt32] = []
        while streams.count < count {
            let frame = try readFrame()
            if frame.kind == .data, frame.flags & Frame.endOfStream != 0 { streams.append(frame.stream) }
        }
        return streams
    }
}

extension LoadPlan {
    private static let values = ValueSource()

    static func test(
        _ servers: [Server], _ mix: Mix = Mix(read: 100), driver: Driver = .resp(.plain, bucket: nil),
        keepsSiblings: Bool = false, valueSize: Int = 8, connections: Int = 1, pipeline: Int = 1,
        rate: Double? = nil, seconds: Double = 10, operations: Int? = nil, reconnects: Bool = false
    ) -> LoadPlan {
        let workload = Workload(
            name: "test", summary: "A test.", mix: mix, keys: .uniform, keepsSiblings: keepsSiblings)
        var plan = LoadPlan(
            servers: servers, driver: driver, workload: workload, firstRecords: 100, values: values,
            valueSize: valueSize, connections: connections, pipeline: pipeline, rate: rate, seconds: seconds,
            operations: operations, seed: 1)
        plan.reconnects = reconnects
        return plan
    }

    /// Runs it, over the records there are.
    func run() throws(WireError) -> Loaded { try Load.run(self, records: RecordCount(firstRecords)) }
}
