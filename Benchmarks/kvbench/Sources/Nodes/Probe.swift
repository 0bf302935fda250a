import Glibc
import Synchronization

/// One request over HTTP, which waits for its reply: for what has no hurry.
public enum Probe {
    public struct Failure: Error, CustomStringConvertible {
        public var description: String

        public init(description: String) { self.description = description }
    }

    /// - Returns: The status and the body of the reply.
    public static func http(
        _ method: String, _ path: String, body: String = "", host: String, port: UInt16
    ) throws -> (status: Int, body: String) {
        let descriptor = try connect(host, port)
        defer { close(descriptor) }
        let request =
            "\(method) \(path) HTTP/1.1\r\nHost: \(host):\(port)\r\nConnection: close\r\n"
            + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
        try ask(request, descriptor)
        var reply: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count <= 0 { break }
            reply += buffer.prefix(count)
        }
        let text = String(decoding: reply, as: UTF8.self)
        guard let status = Int(text.dropFirst(9).prefix(3)), let end = text.firstRange(of: "\r\n\r\n") else {
            throw Failure(description: "\(host):\(port) gave no reply to \(method) \(path)")
        }
        return (status, String(text[end.upperBound...]))
    }

    /// The first line of what is answered to a line, without its end.
    public static func line(_ request: String, host: String, port: UInt16) throws -> String {
        let descriptor = try connect(host, port)
        defer { close(descriptor) }
        try ask(request, descriptor)
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while read(descriptor, &byte, 1) == 1, byte != UInt8(ascii: "\r") { line.append(byte) }
        return String(decoding: line, as: UTF8.self)
    }

    private static func ask(_ request: String, _ descriptor: Int32) throws {
        let bytes = Array(request.utf8)
        guard send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
            throw Failure(description: "a server takes no request")
        }
    }

    private static func connect(_ host: String, _ port: UInt16) throws -> Int32 {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, String(port), &hints, &found) == 0, let address = found else {
            throw Failure(description: "\(host) has no address")
        }
        defer { freeaddrinfo(address) }
        let descriptor = socket(address.pointee.ai_family, address.pointee.ai_socktype, 0)
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(descriptor, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
        }
        guard Glibc.connect(descriptor, address.pointee.ai_addr, address.pointee.ai_addrlen) == 0 else {
            let reason = errno == EINPROGRESS ? "no answer within 10 s" : String(cString: strerror(errno))
            close(descriptor)
            throw Failure(description: "\(host):\(port): \(reason)")
        }
        return descriptor
    }

    /// Repeats `body` until it is true, for a minute at most. Throws `Interrupted` when the user wants no more.
    ///
    /// - Parameters:
    ///   - process: What it said last is told if that takes too long.
    ///   - all: Which are to be alive meanwhile: what the first said last that isn't is told at once.
    public static func wait(
        for process: ServerProcess, among all: [ServerProcess], _ body: () throws -> Bool
    ) throws {
        var reason = ""
        for _ in 0..<1_200 {
            try Interruption.check()
            for one in all where !one.isRunning {
                throw Failure(description: "\(one.name) ended:\n\(one.log)")
            }
            do {
                if try body() { return }
            } catch let failure as Failure {
                reason = ": \(failure)"
            }
            usleep(50_000)
        }
        throw Failure(
            description: "a minute was not enough for \(process.name)\(reason)\n\(process.log)")
    }

    /// Below the range from which the kernel takes ports for outgoing connections, which come between asking and listening.
    private static let ports = 15_000..<32_000
    private static let lastPort = Mutex(ports.lowerBound + Int(getpid()) * 97 % ports.count)

    /// A port that nobody listens at, not given out before by this process.
    public static func freePort() throws -> UInt16 {
        for _ in ports {
            let port = lastPort.withLock { last in
                last = last + 1 < ports.upperBound ? last + 1 : ports.lowerBound
                return UInt16(last)
            }
            if isFree(port) { return port }
        }
        throw Failure(description: "no port is free")
    }

    private static func isFree(_ port: UInt16) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var on: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return withUnsafeBytes(of: &address) {
            bind(
                descriptor, $0.assumingMemoryBound(to: sockaddr.self).baseAddress,
                socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
        }
    }
}
