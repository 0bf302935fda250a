import ClusterCore
import Instruments
import Testing

@testable import Cluster

@Suite struct BucketMeterTests {
    private let registry = MetricRegistry()

    private func count(_ bucket: String, _ kind: String = "get", _ outcome: String = "ok") -> Double {
        guard
            case .number(let count) = registry.read().value(
                of: "kvnode_bucket_requests", [bucket, kind, outcome])
        else { return 0 }
        return count
    }

    private func key(_ bucket: String) -> RequestSubject {
        .key(StorageKey(bucket: bucket, key: [1], partitionCount: 16))
    }

    @Test func theFirstBucketsAreCountedByNameAndTheRestTogether() {
        let shared = BucketCounters(registry, most: 2)
        let shards = [BucketMeter(shared), BucketMeter(shared)]
        for (shard, bucket) in [
            (0, "a"), (0, "a"), (1, "b"), (0, "c"), (1, "a"), (1, "d"), (0, "b"), (0, "c"),
        ] {
            shards[shard].answered(key(bucket), .get, .read(Reading()))
        }
        #expect([count("a"), count("b"), count("c"), count("d"), count("other")] == [3, 2, 0, 0, 3])
        // One bucket's name begins like another's.
        shards[0].answered(key("aa"), .get, .read(Reading()))
        #expect(count("a") == 3 && count("other") == 4)
    }

    @Test func byOperationAndOutcome() {
        let meter = BucketMeter(BucketCounters(registry, most: 2))
        meter.answered(key("a"), .put, .failed(RequestError(.internal)))
        meter.answered(.bucket("a"), .list, .read(Reading()))
        #expect(count("a", "put", "error") == 1 && count("a", "put") == 0 && count("a", "list") == 1)
    }

    @Test func aBucketThatIsCalledLikeTheRestIsCountedWithIt() {
        let meter = BucketMeter(BucketCounters(registry, most: 2))
        meter.answered(key("other"), .get, .read(Reading()))
        meter.answered(key("a"), .get, .read(Reading()))
        meter.answered(key("b"), .get, .read(Reading()))
        #expect([count("other"), count("a"), count("b")] == [1, 1, 1])
    }
}
