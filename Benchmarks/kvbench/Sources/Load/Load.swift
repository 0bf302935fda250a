import CTimer
import Glibc
import Results
import Workloads

/// What a round has come to.
public struct Loaded: Sendable {
    public var recorder: Recorder
    /// From its start to the last reply.
    public var seconds: Double
    /// User and system time of the thread that asked.
    public var cpuSeconds: Double
}

/// Keeps so many operations in flight on each connection, or begins them at a given rate, for a time; then waits for the last
/// replies.
public enum Load {
    /// Runs on the calling thread until the round is over.
    ///
    /// - Parameter tick: Called about ten times a second with the seconds since the start; may say that the round is over.
    public static func run(
        _ plan: LoadPlan, records: RecordCount, tick: (Double, borrowing Recorder) -> Bool = { _, _ in true }
    ) throws(WireError) -> Loaded {
        switch plan.driver {
        case .resp(let writing, let bucket):
            try drive(plan, records, tick) { RESPWire(writing, bucket: bucket) }
        case .http(let bucket): try drive(plan, records, tick) { HTTPWire(bucket: bucket) }
        case .session(let bucket): try drive(plan, records, tick) { SessionWire(bucket: bucket) }
        case .unary(let service): try drive(plan, records, tick) { UnaryWire(service) }
        }
    }

    private static func drive(
        _ plan: LoadPlan, _ records: RecordCount, _ tick: (Double, borrowing Recorder) -> Bool,
        _ wire: @escaping () -> some Wire
    ) throws(WireError) -> Loaded {
        var round = try LoadRound(plan, records, wire)
        return try round.run(tick)
    }
}

/// One round's clients.
private struct LoadRound<Protocol: Wire> {
    /// What replies have, after the end.
    private static var grace: UInt64 { 30_000_000_000 }
    /// What operations have to begin that were due before the end.
    private static var lateness: UInt64 { 10_000_000_000 }
    private static var tickPeriod: UInt64 { 100_000_000 }

    private let plan: LoadPlan
    private let records: RecordCount
    private var clients: [Client<Protocol>] = []
    private var events: [pollfd] = []
    private var recorder: Recorder
    private let begun: UInt64
    private var end: UInt64
    private var issued = 0

    init(_ plan: LoadPlan, _ records: RecordCount, _ wire: @escaping () -> Protocol) throws(WireError) {
        self.plan = plan
        self.records = records
        begun = Clock.now()
        end = begun + UInt64(plan.seconds * 1e9)
        recorder = Recorder(begun: begun)
        do throws(WireError) {
            for index in 0..<plan.connections {
                clients.append(try Client(plan, index: index, start: begun, wire: wire))
            }
        } catch {
            close()
            throw error
        }
        events = clients.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
    }

    mutating func run(_ tick: (Double, borrowing Recorder) -> Bool) throws(WireError) -> Loaded {
        defer { close() }
        // Else each operation of a schedule begins as much too late as the kernel takes the liberty to.
        if plan.rate != nil { _ = ctimer_wake_on_time() }
        let cpu = Self.threadCPU()
        var nextTick = begun
        while true {
            let now = Clock.now()
            if now >= nextTick {
                nextTick = now + Self.tickPeriod
                if !tick(Double(now - begun) / 1e9, recorder) { end = min(end, now) }
            }
            for index in clients.indices { try step(index) }
            if !mayBegin(at: now), !clients.contains(where: \.isBusy) { break }
            guard now < end + Self.grace else { throw WireError("some operations have no reply") }
            wait(until: nextTick)
        }
        if issued < plan.operations ?? .max {
            for index in clients.indices { clients[index].giveUp(end, &recorder) }
        }
        let now = Clock.now()
        recorder.close(until: now)
        return Loaded(
            recorder: recorder, seconds: Double(now - begun) / 1e9, cpuSeconds: Self.threadCPU() - cpu)
    }

    private mutating func close() { for index in clients.indices { clients[index].close() } }

    private func mayBegin(at now: UInt64) -> Bool {
        guard issued < plan.operations ?? .max else { return false }
        return now < end || now < end + Self.lateness && clients.contains { $0.isLate(for: end) }
    }

    /// Takes what has come for one client, and has it begin what it may.
    private mutating func step(_ index: Int) throws(WireError) {
        do throws(WireError) {
            if events[index].revents != 0 {
                events[index].revents = 0
                try clients[index].receive(into: &recorder, records)
            }
            let now = Clock.now()
            while issued < plan.operations ?? .max, now < end + Self.lateness,
                clients[index].mayBegin(at: now, end: end)
            {
                clients[index].begin(at: now, records: records)
                issued += 1
            }
            try clients[index].flush()
            let wanted = clients[index].wantsToSend ? POLLIN | POLLOUT : POLLIN
            events[index].events = Int16(wanted)
        } catch {
            guard error.isBroken, plan.reconnects else { throw error }
            try clients[index].reconnect(&recorder, records)
            events[index].fd = clients[index].descriptor
        }
    }

    /// Until something comes, an operation is due, or it is time for a tick.
    private mutating func wait(until tick: UInt64) {
        var wake = tick
        let now = Clock.now()
        if mayBegin(at: now) {
            for client in clients { wake = min(wake, client.wakesAt(end: end) ?? wake) }
        }
        _ = ctimer_poll(&events, nfds_t(events.count), wake > now ? UInt(wake - now) : 0)
    }

    private static func threadCPU() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
