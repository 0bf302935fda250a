import Glibc

/// Keeps one operation in flight on each connection, or begins them at a given rate, for a time; then waits for the last
/// replies.
struct Load {
    private let arguments: Arguments
    private var clients: [Client] = []
    private var events: [pollfd]
    private let value: [UInt8]
    private var generator = SystemRandomNumberGenerator()
    private var journal = Journal()
    private var issued = 0
    private var reconnections = 0
    private let begun = Clock.now()
    private var end: UInt64

    init(_ arguments: Arguments) throws(WireError) {
        self.arguments = arguments
        end = begun + UInt64(arguments.seconds * 1e9)
        value = (0..<arguments.valueSize).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ 7) }
        for index in 0..<arguments.connections {
            clients.append(try Client(arguments, index: index, start: begun))
        }
        events = clients.map { pollfd(fd: $0.connection.descriptor, events: Int16(POLLIN), revents: 0) }
        // The last one is standard input; a negative descriptor is passed over.
        events.append(pollfd(fd: arguments.followsInput ? STDIN_FILENO : -1, events: 0, revents: 0))
    }

    /// One JSON object: `Journal.report`.
    mutating func run() throws(WireError) -> String {
        // After the end, replies have 10 seconds.
        while Clock.now() < end + 10_000_000_000 {
            for index in clients.indices { try step(index) }
            if !mayBegin, !clients.contains(where: \.connection.isBusy) {
                let seconds = Double(Clock.now() - begun) / 1e9
                if let trace = arguments.trace { try journal.write(to: trace) }
                return journal.report(seconds: seconds, reconnections: reconnections)
            }
            wait()
            if events[clients.count].revents != 0 {
                end = min(end, Clock.now())
                events[clients.count].fd = -1
            }
        }
        throw WireError(description: "some operations have no reply")
    }

    private var mayBegin: Bool { issued < arguments.count ?? .max && Clock.now() < end }

    /// Takes what has come for one client, and has it begin its next operation if that is due.
    private mutating func step(_ index: Int) throws(WireError) {
        do throws(WireError) {
            if events[index].revents != 0 {
                events[index].revents = 0
                _ = try clients[index].receive(into: &journal)
            }
            guard !clients[index].connection.isBusy, mayBegin, clients[index].due <= Clock.now() else {
                return
            }
            let fresh = arguments.first + issued
            if try clients[index].begin(value: value, fresh: fresh, using: &generator) { issued += 1 }
        } catch {
            guard error.isBroken, arguments.reconnects else { throw error }
            try clients[index].reconnect(&journal)
            reconnections += 1
            events[index].fd = clients[index].connection.descriptor
        }
    }

    /// Until something comes, an operation is due, or a tenth of a second has passed.
    private mutating func wait() {
        var nanoseconds: UInt64 = 100_000_000
        if mayBegin {
            let now = Clock.now()
            for client in clients where !client.connection.isBusy {
                nanoseconds = min(nanoseconds, client.due > now ? client.due - now : 0)
            }
        }
        poll(&events, nfds_t(events.count), Int32((nanoseconds + Clock.millisecond - 1) / Clock.millisecond))
    }
}
