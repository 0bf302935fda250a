import Glibc
import NIOCore

/// A port of this machine at which nobody listens, and which nobody else is given meanwhile, since it is bound.
final class DeafPort {
    let number: Int
    private let socket: Int32

    init() throws {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        self.socket = socket
        let isBound = try SocketAddress(ipAddress: "127.0.0.1", port: 0).withSockAddr { address, size in
            bind(socket, address, socklen_t(size)) == 0
        }
        // Of IPv4: the family in two bytes, the port in two of network order, and the rest.
        var address = [UInt8](repeating: 0, count: 16)
        var size = socklen_t(address.count)
        let isTold = address.withUnsafeMutableBytes {
            getsockname(socket, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self), &size) == 0
        }
        number = Int(address[2]) << 8 | Int(address[3])
        guard isBound, isTold else { throw IOError(errnoCode: errno, reason: "no port can be bound") }
    }

    deinit { close(socket) }
}
