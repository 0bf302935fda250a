import Glibc

/// Finds ports that somebody listens on already, so that the error comes before any node starts.
enum PortCheck {
    /// Whether nothing listens on this port of the loopback address.
    static func isFree(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        // As the servers do: connections of a run before, in TIME_WAIT, don't count.
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(descriptor, pointer, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }

    /// One line for each port of `plan` that is taken.
    static func problems(of plan: DevPlan) -> [String] {
        plan.nodes.flatMap { node in
            let ports = [
                ("client gRPC", node.grpc), ("peer gRPC", node.peer), ("HTTP", node.http),
                ("RESP", node.resp),
            ]
            return ports.compactMap { use, address in
                isFree(address.port) ? nil : "port \(address.port) (\(use) of \(node.name)) is in use"
            }
        }
    }
}
