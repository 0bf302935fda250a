import Dispatch
import Foundation
import Glibc
import Synchronization

@testable import Load

/// A server in the test's process, with blocking sockets on a thread of its own. No wait is longer than ten seconds.
final class FakeServer<Result: Sendable>: Sendable {
    let address: Server
    private let outcome = Mutex<Swift.Result<Result, any Error>?>(nil)
    private let ended = DispatchSemaphore(value: 0)

    /// - Parameter script: What it does, from the first connection to the last.
    init(_ script: @escaping @Sendable (Listener) throws -> Result) throws {
        let listener = try Listener()
        address = listener.address
        Thread.detachNewThread { [self] in
            let result = Swift.Result { try script(listener) }
            listener.close()
            outcome.withLock { $0 = result }
            ended.signal()
        }
    }

    /// What the script has come to, when it has ended.
    func result() throws -> Result {
        guard ended.wait(timeout: .now() + 30) == .success else { throw Failure("the server does not end") }
        defer { ended.signal() }
        return try outcome.withLock { $0! }.get()
    }
}

struct Failure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// Takes connections.
final class Listener: Sendable {
    let address: Server
    private let descriptor: Mutex<Int32>

    init() throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &name) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && getsockname(listener, $0, &length) == 0
            }
        }
        guard isBound, listen(listener, 16) == 0 else { throw Failure(String(cString: strerror(errno))) }
        limitWaits(of: listener)
        descriptor = Mutex(listener)
        address = Server(host: "127.0.0.1", port: UInt16(bigEndian: name.sin_port))
    }

    deinit { close() }

    func accept() throws -> Peer {
        let peer = Glibc.accept(descriptor.withLock { $0 }, nil, nil)
        guard peer >= 0 else { throw Failure("no connection: \(String(cString: strerror(errno)))") }
        return Peer(peer)
    }

    /// From now on connections are refused.
    func close() {
        descriptor.withLock {
            if $0 >= 0 { Glibc.close($0) }
            $0 = -1
        }
    }

    /// An address where nothing listens.
    static func nowhere() throws -> Server {
        let listener = try Listener()
        defer { listener.close() }
        return listener.address
    }
}

private func limitWaits(of descriptor: Int32) {
    var limit = timeval(tv_sec: 10, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
}

/// The server's end of a connection.
final class Peer {
    let descriptor: Int32
    private var isOpen = true

    fileprivate init(_ descriptor: Int32) {
        self.descriptor = descriptor
        limitWaits(of: descriptor)
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    }

    deinit { close() }

    func close() {
        if isOpen { Glibc.close(descriptor) }
        isOpen = false
    }

    /// What is there, when something is; nothing at the connection's end.
    func read(atMost limit: Int = 1 << 20) throws -> [UInt8] {
        var failure: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
            let read = Glibc.read(descriptor, buffer.baseAddress, limit)
            if read < 0 { failure = errno }
            count = max(0, read)
        }
        guard failure == 0 else { throw Failure("nothing comes: \(String(cString: strerror(failure)))") }
        return bytes
    }

    func read(exactly count: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            let more = try read(atMost: count - bytes.count)
            guard !more.isEmpty else { throw Failure("the connection ended") }
            bytes += more
        }
        return bytes
    }

    func send(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let sent = rest.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard sent > 0 else { throw Failure("not sent: \(String(cString: strerror(errno)))") }
            rest = rest.dropFirst(sent)
        }
    }

    func send(_ text: String) throws { try send(Array(text.utf8)) }

    /// Whatever comes until the client closes the connection.
    func readToEnd() throws -> [UInt8] {
        var all: [UInt8] = []
        while true {
            let bytes = try read()
            if bytes.isEmpty { return all }
            all += bytes
        }
    }
}
