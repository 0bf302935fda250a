import API
import Cluster
import ClusterCore
import Messages
import SwiftProtobuf
import TextAPI

/// What the page for browsers is told, in JSON; messages of the API have the names of their .proto files.
struct ConsoleService: Sendable {
    /// How many slow requests are kept.
    static let slowRequests = 50

    let node: ClusterNode
    /// The name of its kind.
    let engine: String
    let load: @Sendable () async -> NodeLoad
    let slowRequests: RecentRequests

    @Sendable func answer(_ question: ConsoleQuestion) async throws(RequestError) -> [UInt8] {
        do {
            let text =
                switch question {
                case .overview: try await overview()
                case .ring: try JSONText.line(ConsoleRing(node.layouts))
                case .holdings(let bucket, let key): try await holdings(bucket, key)
                }
            return Array(text.utf8)
        } catch let error as RequestError {
            throw error
        } catch {
            throw RequestError(.internal, "\(error)")
        }
    }

    private func overview() async throws -> String {
        let status = Kvnode_V1_ClusterStatus(
            node.status, engine: engine, softwareVersion: Version.current)
        let own = ConsoleOverview(
            problems: StatusReport(status).problems, buckets: node.bucketsWithProperties.map(\.name),
            slowRequests: slowRequests.entries)
        return Self.object([
            ("status", try ProtoJSON.text(status)),
            ("load", try ProtoJSON.text(Kvnode_V1_NodeLoad(await load()))),
            ("own", try JSONText.line(own)),
        ])
    }

    private func holdings(_ bucket: String, _ key: [UInt8]) async throws -> String {
        let holdings = try await withCheckedThrowingContinuation { continuation in
            node.holdings(ofBucket: bucket, key: key) { continuation.resume(with: $0) }
        }
        let history = node.layouts
        // Actors have 64 bits.
        let texts = try holdings.map {
            try ProtoJSON.text(Kvnode_V1_KeyHolding($0, history), hasNumbers: false)
        }
        return Self.object([("holdings", "[\(texts.joined(separator: ","))]")])
    }

    /// - Parameter members: Names, and values in JSON.
    private static func object(_ members: [(name: String, value: String)]) -> String {
        "{" + members.map { "\"\($0.name)\":\($0.value)" }.joined(separator: ",") + "}\n"
    }
}

/// What no message of the API has.
private struct ConsoleOverview: Encodable {
    struct SlowRequest: Encodable {
        /// Milliseconds since 1970.
        var time: UInt64
        /// As in the log.
        var fields: [String: String]
    }

    /// In words, the worst first.
    var problems: [String]
    /// Those that have properties of their own.
    var buckets: [String]
    /// The newest first.
    var slow: [SlowRequest]

    init(problems: [String], buckets: [String], slowRequests: [RecentRequests.Entry]) {
        self.problems = problems
        self.buckets = buckets
        slow = slowRequests.map { SlowRequest(time: $0.time, fields: $0.fields) }
    }
}
