/// One client: what it does on its connection, and what it has put.
struct Client {
    private(set) var connection: Connection
    private let arguments: Arguments
    private let period: UInt64?
    /// When the next operation is to begin.
    private(set) var due: UInt64
    private var operation = Operation.get
    private var number = 0
    private var begun: UInt64 = 0
    private var lastPut: Int?
    private var nextPort: Int

    /// - Parameters:
    ///   - index: Which of all clients it is; its first node follows from it, and when it begins.
    ///   - start: When the run begins.
    init(_ arguments: Arguments, index: Int, start: UInt64) throws(WireError) {
        self.arguments = arguments
        period = arguments.rate.map { UInt64(Double(arguments.connections) / $0 * 1e9) }
        due = start + (period ?? 0) * UInt64(index) / UInt64(arguments.connections)
        nextPort = index + 1
        connection = try Self.connect(arguments, port: index)
    }

    private static func connect(_ arguments: Arguments, port index: Int) throws(WireError) -> Connection {
        try Connection(
            port: arguments.ports[index % arguments.ports.count],
            wire: arguments.isSession ? SessionWire() : HTTPWire())
    }

    /// What to do next: the operation, and for a get the key's number; nil where there is nothing to read yet.
    private func next(
        using generator: inout SystemRandomNumberGenerator
    ) -> (operation: Operation, number: Int?) {
        let isPut =
            switch arguments.workload {
            case .put: true
            case .get: false
            case .mixed: operation == .get
            }
        if isPut { return (.put, nil) }
        if arguments.workload == .mixed, let lastPut, arguments.below == 0 || Bool.random(using: &generator) {
            return (.get, lastPut)
        }
        return arguments.below == 0
            ? (.put, nil) : (.get, Int.random(in: 0..<arguments.below, using: &generator))
    }

    /// Begins the next operation; false if the server's window has no room for it yet.
    ///
    /// - Parameter fresh: The number of the key that a put writes.
    mutating func begin(
        value: [UInt8], fresh: Int, using generator: inout SystemRandomNumberGenerator
    ) throws(WireError) -> Bool {
        let (operation, number) = next(using: &generator)
        let now = Clock.now()
        // By a schedule, what begins late has waited since it was due; unless it is but the wait that was rounded up.
        begun = period == nil || now - due < Clock.millisecond ? now : due
        self.operation = operation
        self.number = number ?? fresh
        guard try connection.begin(operation, key: Self.key(self.number), value: value) else { return false }
        due = period.map { due + $0 } ?? now
        return true
    }

    /// Reads what is there; true if the operation in flight has ended by it.
    mutating func receive(into journal: inout Journal) throws(WireError) -> Bool {
        guard let outcome = try connection.receive() else { return false }
        if case .done = outcome, operation == .put { lastPut = number }
        journal.add(operation, begun: begun, port: connection.port, outcome)
        return true
    }

    /// Goes on at the next node that takes a connection.
    mutating func reconnect(_ journal: inout Journal) throws(WireError) {
        if connection.isBusy { journal.addBroken(operation, begun: begun, port: connection.port) }
        connection.close()
        var failure = WireError(description: "no port")
        for _ in arguments.ports {
            nextPort += 1
            do throws(WireError) {
                connection = try Self.connect(arguments, port: nextPort - 1)
                return
            } catch {
                failure = error
            }
        }
        throw failure
    }

    /// 16 bytes.
    private static func key(_ number: Int) -> [UInt8] {
        let digits = Array(String(number).utf8)
        return [UInt8(ascii: "k")] + [UInt8](repeating: UInt8(ascii: "0"), count: 15 - digits.count) + digits
    }
}
