import API
import Access
import NIOCore
import NIOHPACK

/// A blocking client of HTTP/2 that sends and reads frames as they are, for what no client library of gRPC does.
final class FrameClient {
    struct Frame {
        enum Kind: UInt8 {
            case data, headers, priority, reset, settings, push, ping, goAway, window, continuation
        }

        var kind: Kind
        var flags: UInt8
        var stream: UInt32
        var payload: [UInt8]

        var endsStream: Bool { (kind == .data || kind == .headers) && flags & 1 == 1 }
        /// Of a reset or of a GOAWAY.
        var errorCode: UInt8? { kind == .goAway ? payload[7] : payload.last }
    }

    /// What came on one stream.
    struct Reply {
        var headers: [HPACKHeaders] = []
        var bytes: [UInt8] = []

        var status: String? { headers.last?.first(name: "grpc-status") }
        var message: String? { headers.last?.first(name: "grpc-message") }
        var isTrailersOnly: Bool { headers.count == 1 && bytes.isEmpty }
    }

    let socket: RawClient
    private var encoder = HPACKEncoder(allocator: ByteBufferAllocator())
    private var decoder = HPACKDecoder(allocator: ByteBufferAllocator())
    private(set) var replies: [UInt32: Reply] = [:]

    /// - Parameter window: What the server may send on each stream.
    init(port: Int, window: UInt32 = 65_535) throws {
        socket = try RawClient(port: port)
        try socket.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        try send(.settings, stream: 0, [0, 4] + Self.bytes(window))
    }

    static func bytes(_ number: UInt32) -> [UInt8] { withUnsafeBytes(of: number.bigEndian) { Array($0) } }

    /// A message with gRPC's five bytes before it.
    static func message(_ bytes: [UInt8], flag: UInt8 = 0) -> [UInt8] {
        [flag] + Self.bytes(UInt32(bytes.count)) + bytes
    }

    // MARK: Sending

    func send(_ kind: Frame.Kind, flags: UInt8 = 0, stream: UInt32, _ payload: [UInt8] = []) throws {
        let length = Array(Self.bytes(UInt32(payload.count)).dropFirst())
        try socket.send(length + [kind.rawValue, flags] + Self.bytes(stream) + payload)
    }

    /// Begins a call. `headers` are added, and take the place of those with the same name.
    func begin(
        _ stream: UInt32, _ path: String, _ headers: KeyValuePairs<String, String> = [:], end: Bool = false
    ) throws {
        var all: [(String, String)] = [
            (":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "test"),
            ("content-type", "application/grpc"), ("te", "trailers"),
        ]
        for (name, value) in headers {
            all.removeAll { $0.0 == name }
            all.insert((name, value), at: name.hasPrefix(":") ? 0 : all.count)
        }
        var block = ByteBuffer()
        try encoder.encode(headers: HPACKHeaders(all), to: &block)
        try send(.headers, flags: end ? 5 : 4, stream: stream, Array(buffer: block))
    }

    func data(_ stream: UInt32, _ bytes: [UInt8], end: Bool = false) throws {
        try send(.data, flags: end ? 1 : 0, stream: stream, bytes)
    }

    /// A call of one message.
    func call(
        _ stream: UInt32, _ path: String, _ message: [UInt8], _ headers: KeyValuePairs<String, String> = [:]
    ) throws {
        try begin(stream, path, headers)
        try data(stream, Self.message(message), end: true)
    }

    /// Lets the server send more.
    func open(_ stream: UInt32, _ bytes: UInt32) throws {
        try send(.window, stream: stream, Self.bytes(bytes))
    }

    // MARK: Reading

    /// The next frame; what it says of a reply is noted.
    @discardableResult
    func next() throws -> Frame {
        let head = try socket.bytes(9)
        let length = Int(head[0]) << 16 | Int(head[1]) << 8 | Int(head[2])
        let frame = Frame(
            kind: Frame.Kind(rawValue: head[3])!, flags: head[4],
            stream: head[5...].reduce(0) { $0 << 8 | UInt32($1) }, payload: try socket.bytes(length))
        switch frame.kind {
        case .headers:
            var block = ByteBuffer(bytes: frame.payload)
            replies[frame.stream, default: Reply()].headers.append(try decoder.decodeHeaders(from: &block))
        case .data: replies[frame.stream, default: Reply()].bytes += frame.payload
        default: break
        }
        return frame
    }

    /// Reads up to the first frame for which `condition` holds.
    @discardableResult
    func next(where condition: (Frame) -> Bool) throws -> Frame {
        while true {
            let frame = try next()
            if condition(frame) { return frame }
        }
    }

    /// The reply on a stream, once it is whole.
    func reply(_ stream: UInt32) throws -> Reply {
        try next { $0.stream == stream && $0.endsStream }
        return replies[stream] ?? Reply()
    }
}

extension GRPCServerTests {
    /// - Parameters:
    ///   - window: What the server may send on each stream.
    ///   - before: What a usual client does first.
    func withFrames(
        window: UInt32 = 65_535, _ change: (inout ClientGRPCServer.Configuration) -> Void = { _ in },
        access: AccessControl = .open,
        before: (Client) async throws -> Void = { _ in },
        _ body: (FrameClient, FakeService, ClientGRPCServer) async throws -> Void
    ) async throws {
        try await withServer(change, access: access) { typed, service, server in
            try await before(typed)
            let client = try FrameClient(port: try await server.listeningPort, window: window)
            try await body(client, service, server)
        }
    }
}
