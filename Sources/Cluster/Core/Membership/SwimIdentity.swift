/// What this node hears of itself: suspicions, which it refutes, and others that take themselves for it.
///
/// A node that is started again meets records of its earlier life, and must not mistake them for another process. So a
/// record alone proves nothing. A process that hears of another with its name or its disk names that one's instance in its
/// own record (`rival`). Who finds its own instance named knows that the other has lived since this one started, as a new
/// instance cannot be known before; then the one that was started later yields. An earlier process that is gone answers
/// nothing and is outbid by a higher incarnation.
extension Swim {
    mutating func heardOfSelf(_ record: MemberRecord, _ actions: inout [Action]) {
        guard phase == .running, record != own else { return }
        if record.instance == own.instance {
            guard own < record else { return }
            // To be suspected is a sign that one does not keep up (Lifeguard, section IV-A).
            if record.liveness != .alive {
                health.add(1)
                counts.refutations += 1
            }
            return setOwn { $0.incarnation = record.incarnation + 1 }
        }
        if settle(with: record, &actions) { return }
        guard record.incarnation >= own.incarnation else { return }
        setOwn { own in
            own.incarnation = record.incarnation + 1
            if record.liveness.isPresent { own.rival = record.instance }
        }
    }

    /// Tells a process what is known under its name, if that is of another process: messages for the name go to that one's
    /// address, so this is all that the sender hears.
    mutating func answerTwin(_ message: SwimMessage, _ sender: NodeID, _ actions: inout [Action]) {
        guard let twin = message.updates.first?.record, twin.id == sender else { return }
        guard let known = peers[sender]?.record, known.instance != twin.instance else { return }
        let answer = SwimMessage(.gossip, updates: [update(of: known)])
        actions.append(.send(SwimCodec.encode(answer), to: sender, at: twin.address))
    }

    /// Looks for a copy of this node's data directory under another name.
    mutating func checkDisk(_ record: MemberRecord, _ actions: inout [Action]) {
        guard phase == .running, own.disk != 0, record.disk == own.disk, record.liveness.isPresent else {
            return
        }
        if settle(with: record, &actions) || own.rival == record.instance { return }
        setOwn { own in
            own.incarnation += 1
            own.rival = record.instance
        }
    }

    /// If the other process is proved to live: who yields?
    ///
    /// - Returns: Whether it is this node.
    private mutating func settle(with record: MemberRecord, _ actions: inout [Action]) -> Bool {
        guard record.rival == own.instance, record.liveness.isPresent else { return false }
        let yields = own.isLaterStarted(than: record)
        if reportedRival != record.instance {
            reportedRival = record.instance
            actions.append(.conflict(with: record, yields: yields))
        }
        if yields { phase = .ended }
        return yields
    }
}
