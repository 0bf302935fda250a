import Glibc

/// A connection to one server, which is spoken to in one protocol.
struct Connection<Protocol: Wire> {
    /// -1 when it is closed.
    private(set) var descriptor: Int32
    private var wire: Protocol
    private var input: [UInt8] = []
    private var output: [UInt8] = []
    /// Of `output`, what is sent already.
    private var sent = 0

    /// Connects, and waits until that is done.
    init(to server: Server, wire: Protocol) throws(WireError) {
        descriptor = try Self.connect(to: server)
        self.wire = wire
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        output = self.wire.opening(server: server.description)
    }

    private static func connect(to server: Server) throws(WireError) -> Int32 {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(server.host, String(server.port), &hints, &found)
        guard status == 0, let first = found else {
            throw WireError("\(server): \(String(cString: gai_strerror(status)))")
        }
        defer { freeaddrinfo(first) }
        var reason = "no address"
        var next: UnsafeMutablePointer<addrinfo>? = first
        while let address = next?.pointee {
            next = address.ai_next
            let descriptor = socket(address.ai_family, address.ai_socktype, address.ai_protocol)
            var limit = timeval(tv_sec: 10, tv_usec: 0)
            setsockopt(
                descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
            if Glibc.connect(descriptor, address.ai_addr, address.ai_addrlen) == 0 { return descriptor }
            reason = errno == EINPROGRESS ? "no answer within 10 s" : String(cString: strerror(errno))
            Glibc.close(descriptor)
        }
        throw WireError(isBroken: true, "\(server): \(reason)")
    }

    mutating func close() {
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
    }

    /// Whether something waits for room in the socket.
    var wantsToSend: Bool { sent < output.count }

    /// Adds an operation to what is to be sent; false if the other side does not allow it yet.
    mutating func add(_ request: Request) -> Bool { wire.append(request, to: &output) }

    /// Sends as much as the socket takes.
    mutating func flush() throws(WireError) {
        while sent < output.count {
            let count = output.withUnsafeBytes {
                send(descriptor, $0.baseAddress! + sent, $0.count - sent, Int32(MSG_NOSIGNAL))
            }
            if count < 0 {
                if errno == EAGAIN { return }
                throw WireError(isBroken: true, String(cString: strerror(errno)))
            }
            sent += count
        }
        output.removeAll(keepingCapacity: true)
        sent = 0
    }

    /// Reads what is there.
    mutating func receive(_ ended: (UInt64, Outcome) -> Void) throws(WireError) {
        let count = withUnsafeTemporaryAllocation(byteCount: 64 << 10, alignment: 1) { buffer in
            let count = read(descriptor, buffer.baseAddress!, buffer.count)
            if count > 0 { input += buffer.prefix(count) }
            return count
        }
        if count == 0 { throw WireError(isBroken: true, "the server closed a connection") }
        if count < 0 {
            if errno == EAGAIN { return }
            throw WireError(isBroken: true, String(cString: strerror(errno)))
        }
        let used = try wire.receive(input[...], reply: &output, ended)
        input.removeFirst(used)
    }
}

/// Where a server listens.
public struct Server: Hashable, Sendable, CustomStringConvertible {
    public var host: String
    public var port: UInt16

    public init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    public var description: String { "\(host):\(port)" }
}
