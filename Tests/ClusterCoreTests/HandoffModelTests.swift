import Testing

@testable import ClusterCore

/// A store of hints that grows while passes over it break off, acknowledgements get lost and the target fails.
@Suite struct HandoffModelTests {
    private struct Model {
        var random: QuorumRandom
        var store: [HintKey: HintRecord] = [:]
        /// What the target has stored.
        var target: [StorageKey: Versions] = [:]
        /// All that was ever kept for it.
        var owed: [StorageKey: Versions] = [:]
        var now: UInt64 = 0
        var counter: UInt64 = 0
        let limits: HandoffSender.Limits

        init(seed: UInt64) {
            random = QuorumRandom(seed: seed)
            limits = HandoffSender.Limits(
                maxHintsInFlight: 1 + random.below(6), maxBytesInFlight: 200 + random.below(1_000),
                bytesPerSecond: 10_000 + random.below(1_000_000), pageSize: 1 + random.below(5),
                maxAttempts: 1 + random.below(3), retryDelayMillis: UInt64(1 + random.below(50)))
        }

        /// A write that the target misses. Records stand for buckets of hashes, so that some hold several keys.
        mutating func miss() {
            let number = random.below(12)
            let key = StorageKey(bucket: "b", key: [UInt8(number)], partitionCount: 16)
            counter += 1
            let versions = Versions.written("v", actor: UInt64(random.below(3)), counter: counter)
            let place = HintKey(
                target: nodeB, key: StorageKey(bucket: "b", key: [UInt8(number % 5)], partitionCount: 16))
            store[place, default: HintRecord()].add(
                Hint(key: key, createdMillis: now, policy: .siblings, versions: versions))
            owed[key, default: Versions()].merge(versions, policy: .siblings)
        }

        mutating func remove(_ hint: Hint) -> Bool {
            for (place, record) in store where record[hint.key] != nil {
                var record = record
                let removed = record.remove(hint)
                store[place] = record.isEmpty ? nil : record
                return removed
            }
            return false
        }

        /// One pass; `faults` in percent.
        mutating func pass(faults: Int) -> (report: HandoffReport, sent: Int, acked: Int) {
            var sender = HandoffSender(limits: limits)
            var actions: [HandoffSender.Action] = []
            var inFlight: [(number: UInt64, hint: Hint)] = []
            var (sent, acked) = (0, 0)
            var wake: UInt64?
            var page: HintKey??
            var report: HandoffReport?
            sender.start(&actions)
            while report == nil {
                let taken = actions
                actions = []
                for action in taken {
                    switch action {
                    case .readPage(let after, _): page = .some(after)
                    case .send(let number, let hint):
                        sent += 1
                        inFlight.append((number, hint))
                        #expect(inFlight.count <= limits.maxHintsInFlight)
                        let bytes = inFlight.reduce(0) { $0 + $1.hint.byteCount }
                        #expect(inFlight.count == 1 || bytes <= limits.maxBytesInFlight)
                    case .remove(let hint, _):
                        #expect(target[hint.key]?.descends(hint.versions) == true, "dropped before the ack")
                        _ = remove(hint)
                    case .wake(let time): wake = time
                    case .finished(let found): report = found
                    }
                }
                if report != nil { break }
                if random.below(100) < 20 { miss() }
                if random.below(100) < faults / 10 {
                    sender.stop(&actions)
                } else if let after = page {
                    page = nil
                    let keys = store.keys.sorted().filter { key in after.map { $0 < key } ?? true }
                    let part = keys.prefix(limits.pageSize)
                    sender.page(
                        part.flatMap { store[$0]!.hints }, last: part.count < keys.count ? part.last : nil,
                        now: now, hintMillis: now, &actions)
                } else if !inFlight.isEmpty, wake == nil || random.below(3) > 0 {
                    let (number, hint) = inFlight.remove(at: random.below(inFlight.count))
                    let isStored = random.below(100) >= faults
                    if isStored {
                        target[hint.key, default: Versions()].merge(hint.versions, policy: .siblings)
                    }
                    if isStored, random.below(100) >= faults {
                        acked += 1
                        sender.acked(number, now: now, &actions)
                    } else {
                        sender.failed(number, now: now, &actions)
                    }
                } else if let time = wake {
                    wake = nil
                    now = max(now, time)
                    sender.tick(now: now, &actions)
                } else {
                    Issue.record("the pass hangs")
                    break
                }
            }
            return (report ?? HandoffReport(), sent, acked)
        }
    }

    @Test func nothingIsLostAndTheStoreEmpties() {
        for seed in 0..<400 as Range<UInt64> {
            var model = Model(seed: seed)
            for _ in 0..<model.random.below(30) { model.miss() }
            for _ in 0..<4 {
                let (report, sent, acked) = model.pass(faults: 30)
                #expect(report.delivered == acked && sent >= acked, "seed \(seed)")
            }
            // Writes end, faults end: whatever is left is handed back.
            for _ in 0..<200 where !model.store.isEmpty {
                let report = model.pass(faults: 0).report
                #expect(report.isComplete && report.failed == 0, "seed \(seed)")
            }
            #expect(model.store.isEmpty, "seed \(seed)")
            for (key, versions) in model.owed {
                #expect(model.target[key]?.descends(versions) == true, "seed \(seed)")
            }
        }
    }
}
