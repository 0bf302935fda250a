import Glibc

/// A connection with at most one operation in flight.
struct Connection {
    let descriptor: Int32
    let port: UInt16
    private var wire: any Wire
    private var input: [UInt8] = []
    private var output: [UInt8] = []
    private(set) var isBusy = false

    /// Connects to the loopback address, and waits until that is done.
    init(port: UInt16, wire: any Wire) throws(WireError) {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        self.port = port
        self.wire = wire
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let connected = withUnsafeBytes(of: &address) {
            connect(descriptor, $0.assumingMemoryBound(to: sockaddr.self).baseAddress, socklen_t($0.count))
        }
        guard connected == 0 else {
            let reason = String(cString: strerror(errno))
            Glibc.close(descriptor)
            throw WireError(isBroken: true, description: "port \(port): \(reason)")
        }
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        output = self.wire.opening(port: port)
    }

    func close() { Glibc.close(descriptor) }

    /// Begins an operation; false if the server's window has no room for it yet.
    mutating func begin(_ operation: Operation, key: [UInt8], value: [UInt8]) throws(WireError) -> Bool {
        guard wire.append(operation, key: key, value: value, to: &output) else { return false }
        isBusy = true
        try flush()
        return true
    }

    /// Reads what is there.
    ///
    /// - Returns: How the operation in flight ended, or nil if it has not.
    mutating func receive() throws(WireError) -> Outcome? {
        let count = withUnsafeTemporaryAllocation(byteCount: 64 << 10, alignment: 1) { buffer in
            let count = read(descriptor, buffer.baseAddress!, buffer.count)
            if count > 0 { input += buffer.prefix(count) }
            return count
        }
        if count == 0 { throw WireError(isBroken: true, description: "the server closed a connection") }
        if count < 0 {
            guard errno == EAGAIN else {
                throw WireError(isBroken: true, description: String(cString: strerror(errno)))
            }
            return nil
        }
        let (used, outcomes) = try wire.receive(input[...], reply: &output)
        input.removeFirst(used)
        try flush()
        guard let outcome = outcomes.first else { return nil }
        guard outcomes.count == 1, isBusy else {
            throw WireError(description: "more replies than operations")
        }
        isBusy = false
        return outcome
    }

    /// With one small operation in flight, the socket's buffer always has room.
    private mutating func flush() throws(WireError) {
        guard !output.isEmpty else { return }
        let sent = output.withUnsafeBytes { send(descriptor, $0.baseAddress!, $0.count, Int32(MSG_NOSIGNAL)) }
        guard sent == output.count else {
            throw WireError(isBroken: sent < 0, description: "a send fell short")
        }
        output.removeAll(keepingCapacity: true)
    }
}
