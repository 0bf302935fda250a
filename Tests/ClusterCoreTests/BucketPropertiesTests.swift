import ClusterCore
import Testing

@Suite struct BucketPropertiesTests {
    /// The complaint about `properties` with a replication factor of 3; `nil` if there is none.
    private func complaint(_ properties: BucketProperties) -> RequestError? {
        do throws(RequestError) {
            try properties.validate(replicationFactor: 3)
            return nil
        } catch {
            return error
        }
    }

    @Test func acceptsWhatFits() {
        #expect(complaint(BucketProperties()) == nil)
        #expect(complaint(BucketProperties(n: 1, r: 1, w: 1)) == nil)
        #expect(complaint(BucketProperties(r: 3, w: 3, ttlSeconds: 3_153_600_000)) == nil)
    }

    @Test(arguments: [
        (BucketProperties(n: 0), "n must be between 1 and 3 (the replication factor), not 0"),
        (BucketProperties(n: 4), "n must be between 1 and 3 (the replication factor), not 4"),
        (BucketProperties(n: 2, r: 3), "r must be between 1 and 2 (n), not 3"),
        (BucketProperties(r: 0), "r must be between 1 and 3 (n), not 0"),
        (BucketProperties(n: 2, w: 3), "w must be between 1 and 2 (n), not 3"),
        (BucketProperties(w: -1), "w must be between 1 and 3 (n), not -1"),
        (
            BucketProperties(ttlSeconds: -1),
            "ttl must be between 0 and 3153600000 (100 years in seconds), not -1"
        ),
        (
            BucketProperties(ttlSeconds: 3_153_600_001),
            "ttl must be between 0 and 3153600000 (100 years in seconds), not 3153600001"
        ),
    ])
    func namesThePropertyAndItsRange(properties: BucketProperties, message: String) {
        #expect(complaint(properties) == RequestError(code: .invalidArgument, message: message))
    }

    @Test func noKeyHasMoreReplicasThanTheCoordinatorsCount() {
        #expect(throws: RequestError.self) {
            try BucketProperties(n: 65).validate(replicationFactor: 100)
        }
        #expect(throws: Never.self) { try BucketProperties(n: 64).validate(replicationFactor: 100) }
    }

    @Test(arguments: [
        (QuorumOverrides(), [3, 2, 2]),
        (QuorumOverrides(r: 1, w: 3), [3, 1, 3]),
        (QuorumOverrides(n: 1), [1, 1, 1]),
        (QuorumOverrides(n: 2, r: 1), [2, 1, 2]),
    ])
    func resolvesARequest(overrides: QuorumOverrides, expected: [Int]) throws {
        let (n, r, w) = try BucketProperties().resolved(overrides, replicationFactor: 3)
        #expect([n, r, w] == expected)
    }

    @Test(arguments: [
        (QuorumOverrides(n: 4), "n must be between 1 and 3 (the replication factor), not 4"),
        (QuorumOverrides(n: 0), "n must be between 1 and 3 (the replication factor), not 0"),
        (QuorumOverrides(r: 4), "r must be between 1 and 3 (n), not 4"),
        (QuorumOverrides(n: 1, r: 2), "r must be between 1 and 1 (n), not 2"),
        (QuorumOverrides(n: 2, w: 3), "w must be between 1 and 2 (n), not 3"),
        (QuorumOverrides(w: 0), "w must be between 1 and 3 (n), not 0"),
    ])
    func refusesARequestThatDoesNotFit(overrides: QuorumOverrides, message: String) {
        #expect(throws: RequestError(code: .invalidArgument, message: message)) {
            try BucketProperties().resolved(overrides, replicationFactor: 3)
        }
    }

    @Test func staysUsableWhenTheReplicationFactorWasLowered() throws {
        let (n, r, w) = try BucketProperties(n: 5, r: 3, w: 1)
            .resolved(QuorumOverrides(), replicationFactor: 2)
        #expect([n, r, w] == [2, 2, 1])
    }
}
