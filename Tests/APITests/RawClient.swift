import Glibc
import NIOCore

/// A blocking TCP client that sends and reads bytes as they are: tests need requests that no client library
/// sends.
final class RawClient {
    struct Closed: Error {}

    struct Reply {
        var status: Int
        var headers: [String: String]
        var body: [UInt8]
        var text: String { String(decoding: body, as: UTF8.self) }
    }

    private let socket: Int32
    private var buffer: [UInt8] = []

    init(port: Int) throws {
        socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var timeout = timeval(tv_sec: 60, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        let address = try SocketAddress(ipAddress: "127.0.0.1", port: port)
        let result = address.withSockAddr { [socket] in connect(socket, $0, socklen_t($1)) }
        guard result == 0 else { throw Closed() }
    }

    deinit { Glibc.close(socket) }

    func send(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Closed() }
            rest = rest.dropFirst(count)
        }
    }

    func send(_ text: String) throws { try send(Array(text.utf8)) }

    /// Tells the server that no more comes.
    func finishSending() { shutdown(socket, Int32(SHUT_WR)) }

    private func receive() throws {
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        let count = recv(socket, &chunk, chunk.count, 0)
        guard count > 0 else { throw Closed() }
        buffer += chunk.prefix(count)
    }

    /// The next bytes.
    func bytes(_ count: Int) throws -> [UInt8] {
        while buffer.count < count { try receive() }
        defer { buffer.removeFirst(count) }
        return Array(buffer.prefix(count))
    }

    func text(_ count: Int) throws -> String { String(decoding: try bytes(count), as: UTF8.self) }

    /// Whether the server ends the connection, with no byte more.
    func isClosed() -> Bool {
        guard buffer.isEmpty else { return false }
        return (try? receive()) == nil && errno != EAGAIN
    }

    /// Reads what is there, and drops it, a little at a time until the end.
    ///
    /// - Returns: How many bytes came, without those of the header.
    func bodyByteCount(pausing pause: UInt32, chunk: Int) throws -> Int {
        let head = try reply(hasBody: false)
        let length = Int(head.headers["content-length"] ?? "0")!
        var (count, bytes) = (buffer.count, [UInt8](repeating: 0, count: chunk))
        buffer = []
        while count < length {
            let received = recv(socket, &bytes, bytes.count, 0)
            guard received > 0 else { return count }
            count += received
            usleep(pause)
        }
        return count
    }

    /// Reads to the end of the connection, however it ends.
    ///
    /// - Returns: How many bytes came, with those that had been read before.
    func drain() throws -> Int {
        var (count, bytes) = (buffer.count, [UInt8](repeating: 0, count: 1 << 20))
        buffer = []
        while true {
            let received = recv(socket, &bytes, bytes.count, 0)
            guard received > 0 else { return count }
            count += received
        }
    }

    /// Sends the byte again and again until the server says something or ends the connection.
    ///
    /// - Returns: false if it does neither for a minute.
    func trickle(byte: String) -> Bool {
        for _ in 0..<3_000 {
            guard (try? send(byte)) != nil else { return true }
            var poll = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
            if Glibc.poll(&poll, 1, 20) == 1 { return true }
        }
        return false
    }

    /// Whether the server says something, or ends the connection, within a time.
    func hearsSomething(within milliseconds: Int32) -> Bool {
        var poll = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        return !buffer.isEmpty || Glibc.poll(&poll, 1, milliseconds) == 1
    }

    /// The next reply. `hasBody` false for the reply to a HEAD.
    func reply(hasBody: Bool = true) throws -> Reply {
        let end = Array("\r\n\r\n".utf8)
        var headEnd: Int?
        while headEnd == nil {
            headEnd = buffer.indices.first { buffer[$0...].starts(with: end) }
            if headEnd == nil { try receive() }
        }
        let head = String(decoding: buffer[..<headEnd!], as: UTF8.self)
        buffer.removeFirst(headEnd! + 4)
        let lines = head.split(separator: "\r\n")
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ": ", maxSplits: 1)
            headers[parts[0].lowercased()] = parts.count > 1 ? String(parts[1]) : ""
        }
        let length = hasBody ? Int(headers["content-length"] ?? "0")! : 0
        while buffer.count < length { try receive() }
        defer { buffer.removeFirst(length) }
        return Reply(
            status: Int(lines[0].split(separator: " ")[1])!, headers: headers,
            body: Array(buffer.prefix(length)))
    }

    /// Sends a request and reads its reply.
    func call(
        _ method: String, _ path: String, _ headers: [String: String] = [:], body: [UInt8]? = nil
    ) throws -> Reply {
        var text = "\(method) \(path) HTTP/1.1\r\nhost: test\r\n"
        for (name, value) in headers { text += "\(name): \(value)\r\n" }
        if let body { text += "content-length: \(body.count)\r\n" }
        try send(Array((text + "\r\n").utf8) + (body ?? []))
        return try reply(hasBody: method != "HEAD")
    }
}
