import Workloads

/// One client: what it asks for on its connection, and for how long it waits for what.
struct Client<Protocol: Wire> {
    /// An operation that has not ended.
    private struct Pending {
        /// On its connection.
        var number: UInt64
        var kind: OperationKind
        var record: Int
        var begun: UInt64
        /// Whether what was read is still to be written.
        var writesNext: Bool
        var bytes: Int
    }

    private var connection: Connection<Protocol>
    private let plan: LoadPlan
    private let makeWire: () -> Protocol
    private var operations: OperationStream
    private var pending: [Pending] = []
    private var nextNumber: UInt64 = 0
    private var nextServer: Int
    /// Operations that the connection had no room for yet.
    private var refused: [(operation: Pending, request: Request)] = []
    /// Nanoseconds between operations; nil for as many as go.
    private let period: UInt64?
    /// When the next operation is to begin.
    private(set) var due: UInt64
    private var version = 0

    /// - Parameters:
    ///   - index: Which of all clients it is; its first server follows from it, and when it begins.
    ///   - start: When the round begins.
    init(
        _ plan: LoadPlan, index: Int, start: UInt64, wire: @escaping () -> Protocol
    ) throws(WireError) {
        self.plan = plan
        makeWire = wire
        period = plan.rate.map { UInt64(Double(plan.connections) / $0 * 1e9) }
        due = start + (period ?? 0) * UInt64(index) / UInt64(plan.connections)
        operations = OperationStream(
            workload: plan.workload, records: plan.firstRecords, seed: plan.seed, client: index)
        nextServer = index + 1
        connection = try Connection(to: plan.servers[index % plan.servers.count], wire: wire())
    }

    var descriptor: Int32 { connection.descriptor }

    var wantsToSend: Bool { connection.wantsToSend }

    var isBusy: Bool { !pending.isEmpty || !refused.isEmpty }

    private var hasRoom: Bool { refused.isEmpty && pending.count < plan.pipeline }

    /// Whether another operation is to begin now, in a round that ends then. By a schedule, what was due before the end does,
    /// also when it has become late.
    func mayBegin(at now: UInt64, end: UInt64) -> Bool {
        hasRoom && due <= now && (period == nil ? now : due) < end
    }

    /// Whether something is still to begin that was due before the end.
    func isLate(for end: UInt64) -> Bool { period != nil && due < end }

    /// When to look at it again although nothing has come; nil if only what comes matters.
    func wakesAt(end: UInt64) -> UInt64? { hasRoom && due < end ? due : nil }

    /// Counts as failed what is not begun any more.
    mutating func giveUp(_ end: UInt64, _ recorder: inout Recorder) {
        guard let period else { return }
        while due < end {
            recorder.failed("it could not begin, the rate is too high", at: Clock.now())
            due += period
        }
    }

    mutating func close() { connection.close() }

    /// Begins the next operation. It is sent by `flush`.
    ///
    /// - Parameter records: That can be asked for; an insert makes it one more when it has ended.
    mutating func begin(at now: UInt64, records: RecordCount) {
        let operation = operations.next(recordCount: records.count)
        let record = operation.record ?? records.insert()
        // By a schedule, what begins late has waited since it was due.
        let begun = period == nil ? now : due
        due = period.map { due + $0 } ?? now
        var pending = Pending(
            number: 0, kind: operation.kind, record: record, begun: begun,
            writesNext: operation.kind == .modify, bytes: 0)
        let request: Request
        switch operation.kind {
        case .read, .modify: request = Request(kind: .read, key: Self.key(record))
        case .update, .insert: request = write(record, context: [], &pending)
        case .delete: request = Request(kind: .delete, key: Self.key(record))
        case .scan:
            request = Request(
                kind: .list, key: Self.key(record).dropLast(plan.scanDigits), limit: operation.scanLength)
        }
        add(pending, request)
    }

    private mutating func write(_ record: Int, context: [UInt8], _ pending: inout Pending) -> Request {
        var request = Request(kind: .write, key: Self.key(record), context: context)
        version += 1
        let size = plan.workload.valueSizes?.size(ofRecord: record) ?? plan.valueSize
        plan.values.append(size: size, record: record, version: version, to: &request.value)
        pending.bytes = request.key.count + request.value.count
        return request
    }

    private mutating func add(_ operation: Pending, _ request: Request) {
        guard connection.add(request) else {
            refused.append((operation, request))
            return
        }
        var operation = operation
        operation.number = nextNumber
        nextNumber += 1
        pending.append(operation)
    }

    mutating func flush() throws(WireError) {
        if !refused.isEmpty {
            let again = refused
            refused = []
            for (operation, request) in again { add(operation, request) }
        }
        if connection.wantsToSend { try connection.flush() }
    }

    /// Reads what is there.
    mutating func receive(into recorder: inout Recorder, _ records: RecordCount) throws(WireError) {
        var ended: [(UInt64, Outcome)] = []
        var failure: WireError?
        do throws(WireError) {
            try connection.receive { ended.append(($0, $1)) }
        } catch {
            // What was answered before counts.
            failure = error
        }
        let now = Clock.now()
        for (number, outcome) in ended {
            guard let index = pending.firstIndex(where: { $0.number == number }) else {
                throw WireError("a reply to no operation")
            }
            var operation = pending.remove(at: index)
            switch outcome {
            case .failed(let words):
                if operation.kind == .insert { records.end(operation.record, isThere: false) }
                recorder.failed(words, at: now)
            case .found(let values, let context):
                recorder.found(values)
                // Who finds several values merges them, as an application does.
                guard operation.writesNext || values > 1 && plan.workload.keepsSiblings else { fallthrough }
                operation.writesNext = false
                let request = write(operation.record, context: context, &operation)
                add(operation, request)
            case .done:
                Self.note(operation, records)
                recorder.done(operation.kind, begun: operation.begun, at: now, bytes: operation.bytes)
            }
        }
        if let failure { throw failure }
    }

    /// What it has done to its record.
    private static func note(_ operation: Pending, _ records: RecordCount) {
        switch operation.kind {
        case .insert: records.end(operation.record, isThere: true)
        case .update: records.note(operation.record, isThere: true)
        case .delete: records.note(operation.record, isThere: false)
        // That has written, too.
        case .read, .modify: if operation.bytes > 0 { records.note(operation.record, isThere: true) }
        case .scan: break
        }
    }

    /// Goes on at the next server that takes a connection. What had no reply has failed.
    mutating func reconnect(_ recorder: inout Recorder, _ records: RecordCount) throws(WireError) {
        let now = Clock.now()
        for operation in pending + refused.map(\.operation) {
            if operation.kind == .insert { records.end(operation.record, isThere: false) }
            recorder.failed("the connection broke", at: now)
        }
        connection.close()
        (pending, refused, nextNumber) = ([], [], 0)
        var failure = WireError("no server")
        for _ in plan.servers {
            nextServer += 1
            do throws(WireError) {
                connection = try Connection(
                    to: plan.servers[(nextServer - 1) % plan.servers.count], wire: makeWire())
                return
            } catch {
                failure = error
            }
        }
        throw failure
    }

    private static func key(_ record: Int) -> [UInt8] {
        var key: [UInt8] = []
        RecordKey.write(record, into: &key)
        return key
    }
}
