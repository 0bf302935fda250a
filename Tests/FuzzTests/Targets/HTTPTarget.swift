import ClusterCore
import NIOCore
import NIOEmbedded
import NIOHTTP1

@testable import TextAPI

extension FuzzTarget {
    /// What an HTTP client sends: request lines, headers and bodies, and what is made of them.
    static let http = FuzzTarget("http", heap: HeapAllowance(perByte: 160, base: 256 << 10)) { bytes in
        let whole = try HTTPRequests(in: [bytes])
        try claim(
            try HTTPRequests(in: pieces(of: bytes)) == whole, "what comes in pieces is not what comes whole")
        var isTaken = false
        for case .asked(let head, _, _) in whole.found {
            if try HTTPTarget.checkRoute(head.uri) { isTaken = true }
        }
        return isTaken
    }

    /// The documents that come as bodies: changes of data, and properties of buckets.
    static let json = FuzzTarget(
        "json", maxBytes: 1024, heap: HeapAllowance(perByte: 400, base: 256 << 10)
    ) { bytes in
        var input = Input(bytes)
        let kind = input.byte()
        let body = input.all()
        if kind & 2 != 0 {
            var properties = BucketProperties()
            guard let document = try? PropertiesDocument(json: body) else { return false }
            document.change(&properties)
            let again = PropertiesDocument(properties)
            try claim(
                document.n ?? again.n == again.n && document.ttl ?? again.ttl == again.ttl,
                "a property is set to another value")
            return true
        }
        let encoding: DataEncoding = kind & 1 == 0 ? .text : .base64
        guard let change = try? DataChangeDocument.change(json: body, encoding) else { return false }
        // An empty member takes three bytes of a document, and an array in memory.
        try claim(change.byteCount <= 33 * body.count, "a change of \(change.byteCount) bytes")
        let request = Request.update(UpdateRequest(bucket: "b", key: [1], change: change))
        try PeerTarget.checkForwarding(request)
        return true
    }
}

private enum HTTPTarget {
    /// A target that is written anew names the same.
    ///
    /// - Returns: Whether it names anything.
    static func checkRoute(_ uri: String) throws -> Bool {
        guard let route = try? HTTPRoute.parse(uri).route else { return false }
        let again: String
        switch route {
        case .key(let bucket, let key):
            again = "/v1/buckets/\(encode(Array(bucket.utf8)))/keys/\(encode(key))"
        case .data(let bucket, let key):
            again = "/v1/buckets/\(encode(Array(bucket.utf8)))/data/\(encode(key))"
        case .keys(let bucket): again = "/v1/buckets/\(encode(Array(bucket.utf8)))/keys"
        case .properties(let bucket): again = "/v1/buckets/\(encode(Array(bucket.utf8)))/properties"
        case .workload, .metrics, .health, .readiness, .page, .overview, .ring, .holdings: return true
        }
        try claim(try HTTPRoute.parse(again).route == route, "\(uri) names another thing as \(again)")
        return true
    }

    private static func encode(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(
            decoding: bytes.flatMap { [UInt8(ascii: "%"), digits[Int($0 >> 4)], digits[Int($0 & 15)]] },
            as: UTF8.self)
    }
}

/// What comes of a client's bytes, behind the same decoder as in a server.
private struct HTTPRequests: Equatable {
    enum Found: Equatable {
        case asked(HTTPRequestHead, Outcome, body: [UInt8])
        case broken
    }

    /// What a head's plan is, as far as two can be compared.
    enum Outcome: Equatable {
        case refused(UInt, String)
        case request(Request)
        case change(UpdateRequest)
        case other(wantsBody: Bool)
    }

    var found: [Found] = []

    init(in pieces: [[UInt8]]) throws {
        let collector = Collector()
        let channel = EmbeddedChannel()
        var limits = NIOHTTPDecoderLimitConfiguration()
        // Small enough to be met by inputs of this length.
        limits.maxHeaderListSize = 2048
        limits.maxHeaderFieldSize = 1024
        limits.maxHeaderFieldCount = 20
        try channel.pipeline.syncOperations.addHandlers(
            ByteToMessageHandler(HTTPRequestDecoder(limitConfiguration: limits)), collector)
        for piece in pieces where !collector.isBroken {
            try channel.writeInbound(ByteBuffer(bytes: piece))
        }
        found = collector.found
        // What the decoder still has to say of an end within a request is no claim of ours.
        _ = try? channel.finish(acceptAlreadyClosed: true)
    }

    fileprivate static func outcome(_ head: HTTPRequestHead) -> Outcome {
        let rules = RequestRules(defaultListLimit: 100, maxListLimit: 1_000)
        do throws(Problem) {
            let (route, query) = try HTTPRoute.find(head)
            switch try HTTPPlan(route, query, head, isReady: true, rules: rules) {
            case .submit(let request, _): return .request(request)
            case .put(let put, _): return .request(.put(put))
            case .change(let update, _): return .change(update)
            case let plan: return .other(wantsBody: plan.wantsBody)
            }
        } catch {
            return .refused(error.status.code, error.detail)
        }
    }
}

private final class Collector: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart

    private(set) var found: [HTTPRequests.Found] = []
    private(set) var isBroken = false
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = []
        case .body(let part): body.append(contentsOf: part.readableBytesView)
        case .end:
            guard let head else { return }
            found.append(.asked(head, HTTPRequests.outcome(head), body: body))
            self.head = nil
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if isBroken { return }
        isBroken = true
        found.append(.broken)
    }
}
