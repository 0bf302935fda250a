import Glibc

/// Lines to a process and lines from it, by its standard input and output.
public final class Conversation {
    private let descriptor: Int32
    private var unread: [UInt8] = []

    private init(_ descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// - Returns: This side of it, and the descriptor that is to be the other process's input and output, which is the caller's.
    static func begin() throws -> (Conversation, Int32) {
        // No pipes: who writes to a process that has ended would be killed by a signal.
        var pair: [Int32] = [0, 0]
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &pair) == 0 else {
            throw Probe.Failure(description: "no sockets: \(String(cString: strerror(errno)))")
        }
        return (Conversation(pair[0]), pair[1])
    }

    /// Waits until all is taken.
    public func send(_ line: [UInt8]) throws {
        var rest = line[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                throw Probe.Failure(description: "it takes no orders: \(String(cString: strerror(errno)))")
            }
            rest = rest.dropFirst(count)
        }
    }

    /// Waits for a line, which is returned without its end; nil if the process has ended.
    public func nextLine() -> String? {
        var searched = 0
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            if let end = unread[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                defer { unread.removeFirst(end + 1) }
                return String(decoding: unread[..<end], as: UTF8.self)
            }
            searched = unread.count
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            if count <= 0 { return nil }
            unread += buffer[..<count]
        }
    }
}
