import Cluster
import ClusterCore
import NIOCore

/// Carries out the part of a command that needs the store: its keys side by side, up to a limit, and answers when the last
/// of them is done. After one that failed no other is begun. Lives on its connection's loop.
final class RESPExecution {
    private let service: any KeyValueService
    private let user: String
    let bucket: String
    private let loop: any EventLoop
    private let whenDone: (RESPReply) -> Void
    private let maxInFlight: Int
    /// Does what is to be done for one of the keys, by its place.
    private var perform: (Int) -> Void = { _ in }
    private var count = 0
    private var begun = 0
    private var ended = 0
    private var isBeginning = false
    private var failure: RequestError?
    /// Whether one of the keys was changed, or may have been.
    private var mayHaveChanged = false

    /// - Parameters:
    ///   - user: Whose command it is; empty for nobody's.
    ///   - maxInFlight: Keys that are read or written at a time.
    init(
        service: any KeyValueService, user: String, bucket: String, loop: any EventLoop, maxInFlight: Int,
        whenDone: @escaping (RESPReply) -> Void
    ) {
        self.service = service
        self.user = user
        self.bucket = bucket
        self.loop = loop
        self.maxInFlight = maxInFlight
        self.whenDone = whenDone
    }

    func submit(_ request: Request, _ body: @escaping (Response) -> Void) {
        let body = NIOLoopBound(body, eventLoop: loop)
        let loop = loop
        service.submit(request, from: RequestSource(.resp, user: user)) { response in
            if loop.inEventLoop {
                body.value(response)
            } else {
                loop.execute { body.value(response) }
            }
        }
    }

    /// Of the bucket.
    var properties: BucketProperties { service.properties(ofBucket: bucket) }

    /// For what counts no keys.
    func finish(_ reply: RESPReply) { whenDone(reply) }

    func finish(_ error: RequestError) {
        finish(RESPPlan.ChangeFormat.count.error(error, isRetryable: error.isRefusal && !mayHaveChanged))
    }

    private func forEach(_ count: Int, _ perform: @escaping (Int) -> Void) {
        self.count = count
        self.perform = perform
        beginMore()
    }

    /// A loop, as most keys may be done at once.
    private func beginMore() {
        guard !isBeginning else { return }
        isBeginning = true
        while begun < count, begun - ended < maxInFlight {
            begun += 1
            perform(begun - 1)
        }
        isBeginning = false
    }

    /// One of the keys is done.
    ///
    /// - Parameter format: In whose words an error is told.
    private func oneEnded(
        _ error: RequestError?, of format: RESPPlan.ChangeFormat = .count, _ reply: () -> RESPReply
    ) {
        ended += 1
        if let error, failure == nil {
            failure = error
            count = begun
        }
        guard ended == count else { return beginMore() }
        // It holds on to this.
        perform = { _ in }
        whenDone(
            failure.map { format.error($0, isRetryable: $0.isRefusal && !mayHaveChanged) } ?? reply())
    }

    // MARK: Reading

    /// - Parameter wallMillis: Milliseconds since 1970.
    func read(_ keys: [[UInt8]], _ format: RESPPlan.ReadFormat, _ wallMillis: @escaping () -> UInt64) {
        readEach(keys, \.self) { format.reply($0, wallMillis) }
    }

    /// - Parameter part: What is kept of each reading.
    func readEach<Part>(
        _ keys: [[UInt8]], _ part: @escaping (Reading) -> Part, _ reply: @escaping ([Part]) -> RESPReply
    ) {
        if keys.isEmpty { return finish(reply([])) }
        var readings = [Part](repeating: part(Reading()), count: keys.count)
        forEach(keys.count) { [self] index in
            submit(.get(GetRequest(bucket: bucket, key: keys[index]))) { [self] response in
                if case .read(let reading) = response { readings[index] = part(reading) }
                oneEnded(response.failure) { reply(readings) }
            }
        }
    }

    // MARK: Writing

    private enum Outcome {
        case done(previous: Sibling?, length: Int)
        /// Its condition did not hold.
        case skipped(previous: Sibling?)

        var isDone: Bool { if case .done = self { true } else { false } }

        var previous: Sibling? {
            switch self {
            case .done(let previous, _), .skipped(let previous): previous
            }
        }

        /// Of the value that was written.
        var length: Int { if case .done(_, let length) = self { length } else { 0 } }
    }

    func write(_ writes: [StringWrite], _ format: RESPPlan.WriteFormat) {
        var outcomes = [Outcome](repeating: .skipped(previous: nil), count: writes.count)
        forEach(writes.count) { [self] index in
            carryOut(writes[index], returnsPrevious: format == .previous) { [self] result in
                var error: RequestError?
                switch result {
                case .success(let outcome):
                    outcomes[index] = outcome
                    if outcome.isDone { mayHaveChanged = true }
                case .failure(let failure):
                    error = failure
                    if !failure.isRefusal { mayHaveChanged = true }
                }
                oneEnded(error) { Self.reply(outcomes, format) }
            }
        }
    }

    /// Deletes keys, and goes on if none has failed.
    func deleteEach(_ keys: [[UInt8]], _ next: @escaping () -> Void) {
        if keys.isEmpty { return next() }
        let deletion = RESPExecution(
            service: service, user: user, bucket: bucket, loop: loop, maxInFlight: maxInFlight
        ) { [self] reply in
            guard case .error(let message, let code) = reply else {
                mayHaveChanged = true
                return next()
            }
            // What was deleted before is not undone.
            finish(mayHaveChanged ? .error(message) : .error(message, code: code))
        }
        deletion.write(
            keys.map { StringWrite(key: $0, change: .delete, condition: .ifPresent) }, .count)
    }

    private static func reply(_ outcomes: [Outcome], _ format: RESPPlan.WriteFormat) -> RESPReply {
        switch format {
        case .ok: .ok
        case .okOrNull: outcomes[0].isDone ? .ok : .null
        case .previous: outcomes[0].previous.map { .bulk($0.bytes) } ?? .null
        case .count: .integer(outcomes.count { $0.isDone })
        case .length: .integer(outcomes[0].length)
        }
    }

    /// Where siblings are kept, and where it matters what is there, the key is read first: what was read is replaced.
    private func carryOut(
        _ write: StringWrite, returnsPrevious: Bool,
        _ whenDone: @escaping (Result<Outcome, RequestError>) -> Void
    ) {
        let needsNoReading = write.isBlind && !returnsPrevious
        let isBlind =
            needsNoReading && write.condition == .always
            && properties.policy == .lastWriteWins
        if isBlind || (needsNoReading && write.condition == .ifAbsent) {
            return put(write, after: Reading()) {
                whenDone($0)
            } whenNot: {
                whenDone(.success(.skipped(previous: nil)))
            }
        }
        submit(.get(GetRequest(bucket: bucket, key: write.key))) { [self] response in
            guard case .read(let reading) = response else { return whenDone(.failure(response.unexpected)) }
            if reading.kind != nil, reading.kind != .string, write.needsString || returnsPrevious {
                return whenDone(.failure(RequestError(.wrongType)))
            }
            let previous = reading.latest
            guard write.condition.holds(for: previous) else {
                return whenDone(.success(.skipped(previous: previous)))
            }
            put(write, after: reading) {
                whenDone($0)
            } whenNot: { [self] in
                // Somebody has written since: that is the value before.
                submit(.get(GetRequest(bucket: bucket, key: write.key))) { response in
                    guard case .read(let reading) = response else {
                        return whenDone(.failure(response.unexpected))
                    }
                    whenDone(.success(.skipped(previous: reading.latest)))
                }
            }
        }
    }

    /// - Parameter whenNot: Its condition did not hold at the coordinator.
    private func put(
        _ write: StringWrite, after reading: Reading,
        _ whenDone: @escaping (Result<Outcome, RequestError>) -> Void, whenNot: @escaping () -> Void
    ) {
        let previous = reading.latest
        guard let content = write.content(after: previous) else {
            return expire(write, previous, whenDone)
        }
        let put = PutRequest(
            bucket: bucket, key: write.key, content: content, context: reading.context,
            expiry: write.expiry(after: previous),
            condition: write.condition == .ifAbsent ? .ifAbsent : .none)
        submit(.put(put)) { response in
            switch response {
            case .written:
                whenDone(.success(.done(previous: previous, length: content.parts.value.count)))
            case .failed(let error) where error.code == .preconditionFailed: whenNot()
            default: whenDone(.failure(response.unexpected))
            }
        }
    }

    /// Gives a value another end.
    private func expire(
        _ write: StringWrite, _ previous: Sibling?,
        _ whenDone: @escaping (Result<Outcome, RequestError>) -> Void
    ) {
        let change = DataChange.expire(write.expiry(after: previous), .always)
        submit(.update(UpdateRequest(bucket: bucket, key: write.key, change: change))) { response in
            guard case .updated = response else { return whenDone(.failure(response.unexpected)) }
            whenDone(.success(.done(previous: previous, length: previous?.bytes.count ?? 0)))
        }
    }

    func change(_ key: [UInt8], _ change: DataChange, _ format: RESPPlan.ChangeFormat) {
        forEach(1) { [self] _ in
            submit(.update(UpdateRequest(bucket: bucket, key: key, change: change))) { [self] response in
                guard case .updated(let outcome) = response else {
                    return oneEnded(response.unexpected, of: format) { .null }
                }
                oneEnded(nil) { format.reply(outcome) }
            }
        }
    }

    /// Puts with the client's own context.
    func put(_ put: PutRequest) {
        forEach(1) { [self] _ in
            submit(.put(put)) { [self] response in
                var context: [UInt8] = []
                if case .written(let reading) = response { context = reading.context }
                oneEnded(response.failure) { .bulk(context) }
            }
        }
    }
}

extension Response {
    fileprivate var failure: RequestError? { if case .failed(let error) = self { error } else { nil } }

    /// The error in place of what was asked for.
    var unexpected: RequestError {
        failure ?? RequestError(.internal, "an answer to another question")
    }
}

extension RequestError {
    /// Whether the node would not begin with it, and may do so in a moment.
    fileprivate var isRefusal: Bool {
        switch code {
        case .overloaded, .shuttingDown, .layoutChanging: true
        default: false
        }
    }
}
