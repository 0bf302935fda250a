import ClusterCore
import Foundation
import Logging
import Synchronization
import Testing

@testable import kvnode

@Suite struct ConsoleTests {
    @Test func theLastLinesAreKeptTheNewestFirst() {
        let recent = RecentRequests(limit: 2)
        let lines = Lines()
        let logger = recent.watching(Logger(label: "slow") { _ in CountingHandler(lines: lines) })
        for number in 1...3 { logger.warning("a request was slow", metadata: ["duration_ms": "\(number)"]) }
        // Below the level of the logger's own handler.
        logger.trace("not told", metadata: ["duration_ms": "4"])
        #expect(recent.entries.map { $0.fields["duration_ms"] } == ["3", "2"])
        #expect(lines.count == 3)
    }

    private final class Lines: Sendable {
        private let told = Mutex(0)

        var count: Int { told.withLock { $0 } }
        func add() { told.withLock { $0 += 1 } }
    }

    private struct CountingHandler: LogHandler {
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.warning
        let lines: Lines

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) { lines.add() }
    }

    @Test func theRingNamesMembersByTheirPlaces() throws {
        let members = ["b", "a"].map { Member(name: $0, address: "\($0):1", zone: "z\($0)", weight: 1) }
        let layout = try Layout.initial(members: members, partitionCount: 4, replicationFactor: 2)
        let ring = ConsoleRing(LayoutHistory(layout))
        #expect(ring.members.map(\.name) == ["a", "b"] && ring.members.map(\.zone) == ["za", "zb"])
        #expect(ring.partitions.count == 4 && ring.partitions.allSatisfy { Set($0) == [0, 1] })
        #expect(ring.after == nil && ring.version == layout.version)
        let text = try JSONText.line(ring)
        #expect(text.contains(#""members":[{"name":"a","zone":"za"}"#) && !text.contains("after"))
    }
}
