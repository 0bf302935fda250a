import Glibc
import KVNodeClient

/// A port that takes connections, as the system does for it, and never says a word: as a machine that is gone, or hangs.
final class SilentListener: Sendable {
    struct Failure: Error {
        var errno: Int32
    }

    let endpoint: KVNodeEndpoint
    private let socket: Int32

    init() throws {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isListening = withUnsafeMutablePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(socket, address, length) == 0 && listen(socket, 16) == 0
                    && getsockname(socket, address, &length) == 0
            }
        }
        self.socket = socket
        endpoint = KVNodeEndpoint(host: "127.0.0.1", port: Int(UInt16(bigEndian: address.sin_port)))
        guard isListening else { throw Failure(errno: errno) }
    }

    deinit { close(socket) }
}
