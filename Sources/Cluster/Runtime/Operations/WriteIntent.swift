import ClusterCore

/// A client's write, as the operations that coordinate it need it.
///
/// Shared, since it goes from hand to hand, and each copy of the value would count some fifteen references.
final class WriteIntent {
    enum Request {
        case put(PutRequest)
        case update(UpdateRequest)
    }

    let request: Request
    let key: StorageKey
    /// Of the bucket, as they were when the request came.
    let properties: BucketProperties
    /// What the client had seen by its own account.
    let seen: CausalContext
    let attempt: Attempt

    init(
        request: Request, key: StorageKey, properties: BucketProperties, seen: CausalContext, attempt: Attempt
    ) {
        self.request = request
        self.key = key
        self.properties = properties
        self.seen = seen
        self.attempt = attempt
    }

    var policy: Versions.Policy { properties.policy }

    var bucket: String {
        switch request {
        case .put(let put): put.bucket
        case .update(let update): update.bucket
        }
    }

    var quorum: QuorumOverrides {
        switch request {
        case .put(let put): put.quorum
        case .update(let update): update.quorum
        }
    }

    /// What this node's replica is to do.
    ///
    /// - Parameters:
    ///   - context: What a put counts as having seen.
    ///   - found: What a change was told of the key.
    func mutation(seen context: CausalContext, found: Versions) -> Mutation {
        switch request {
        case .put(let put):
            .write(
                ClientWrite(
                    content: put.content, context: context, expiry: put.expiry, properties: properties))
        case .update(let update):
            .update(ClientUpdate(change: update.change, found: found, properties: properties))
        }
    }

    /// What the client is told.
    ///
    /// - Parameters:
    ///   - written: What this node's replica has done.
    ///   - versions: The state after that.
    ///   - now: Milliseconds since 1970.
    func response(to written: LocalWrite?, _ versions: Versions, now: UInt64) -> Response {
        switch request {
        case .put(let put):
            .written(
                Reading(
                    after: written?.dot, in: versions, of: self, returnSiblings: put.returnSiblings, now: now)
            )
        case .update:
            if case .success(let outcome) = written?.result {
                .updated(outcome)
            } else {
                .failed(RequestError(.internal, "a change was stored without an outcome"))
            }
        }
    }
}

extension Reading {
    /// What the writer of `dot` is told of the state after its write.
    ///
    /// The context must cover nothing that the client was not shown: its next write would replace, unseen, what another
    /// client wrote. So without the siblings it gets what it had seen and its own write, if there are others beside it;
    /// and no context, if even that would cover one of them, as it does for two writes through the same coordinator.
    fileprivate init(
        after dot: Dot?, in versions: Versions, of intent: WriteIntent, returnSiblings: Bool, now: UInt64
    ) {
        self.init(versions, of: intent.key, now: now)
        guard !returnSiblings else { return }
        siblings = []
        let others = versions.siblings.filter { $0.dot != dot }
        guard let dot, !others.isEmpty else { return }
        var known = intent.seen
        known.vector.insert(dot)
        known.latest = versions.causalContext.latest
        let isSafe = !others.contains { known.vector.covers($0.dot) }
        context = isSafe ? ContextToken.encode(known, for: intent.key) : []
    }
}
