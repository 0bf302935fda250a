import ClusterCore
import NIOCore
import Testing

@testable import Cluster

@Suite struct ShardLoadTests {
    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000)

    private func makeLoad(most: Int = 10, maxBytes: Int = 1_000, targetMillis: UInt64 = 100) -> ShardLoad {
        let settings = AdmissionLimit.Settings(most: most, least: 1, target: targetMillis * 1_000_000)
        return ShardLoad(maxBytes: maxBytes, settings, now: start)
    }

    private func refusal(of load: ShardLoad, _ byteCount: Int = 0) -> RequestError? {
        load.bound(for: byteCount)?.error
    }

    @Test func requestsAreBoundedByNumber() {
        var load = makeLoad(most: 2)
        let first = load.begin(0, now: start)
        #expect(refusal(of: load) == nil)
        _ = load.begin(0, now: start)
        #expect(refusal(of: load)?.code == .overloaded)
        load.end(first, now: start)
        #expect(refusal(of: load) == nil)
    }

    @Test func requestsAreBoundedByBytes() {
        var load = makeLoad()
        let first = load.begin(600, now: start)
        #expect(refusal(of: load, 401)?.code == .overloaded)
        #expect(refusal(of: load, 400) == nil)
        load.end(first, now: start)
        // One request alone may have more.
        #expect(refusal(of: load, 2_000) == nil)
        let large = load.begin(2_000, now: start)
        #expect(refusal(of: load, 1)?.code == .overloaded)
        #expect(refusal(of: load, 0) == nil, "a read brings no bytes along")
        load.end(large, now: start)
        #expect(refusal(of: load, 1_000) == nil)
    }

    @Test func fewerMayBeginWhileAllAreSlow() {
        var load = makeLoad(most: 64)
        let slow = start + .milliseconds(400)
        let demands = (0..<64).map { _ in load.begin(0, now: start) }
        load.advance(start)
        for demand in demands { load.end(demand, now: slow) }
        load.advance(slow)
        // Of 64, those that end in a quarter of the time.
        for _ in 0..<16 {
            #expect(refusal(of: load) == nil)
            _ = load.begin(0, now: slow)
        }
        #expect(refusal(of: load)?.code == .overloaded)
    }

    @Test func onlySamplesAreTimed() {
        var load = makeLoad()
        var readings = 0
        func now() -> NIODeadline {
            readings += 1
            return start
        }
        for _ in 0..<160 { load.end(load.begin(0, now: start), now: now()) }
        #expect(readings == 10)
    }
}
