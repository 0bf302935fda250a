import Cluster
import ClusterCore
import Engine
import Glibc
import Logging
import NIOCore
import NIOPosix
import TLS
import Transport
import UnixSignals

extension NodeConfiguration {
    /// This configuration with members to ask, if it names none: those that the last run knew, else who answers at the
    /// seeds. Nil if the node is told to stop meanwhile.
    func findingMembers(
        _ executor: EngineExecutor, _ tls: TLSEndpoint?, _ group: MultiThreadedEventLoopGroup,
        _ logger: Logger
    ) async throws -> NodeConfiguration? {
        guard cluster.members.isEmpty else { return self }
        var found = self
        let stored = try await executor.maintain { engine in Result { try NodeState.storedMembers(engine) } }
        found.cluster.members = try stored.get().filter { $0.name != node.name }
        if found.cluster.members.isEmpty {
            let hello = PeerHello(cluster: cluster.name, nodeName: node.name)
            let search = SeedSearch(
                seeds: cluster.seeds, transport: transportConfiguration(hello, tls), loop: group.next(),
                logger: logger)
            guard let members = try await search.runUnlessStopped() else { return nil }
            found.cluster.members = members
        }
        return found
    }
}

/// Finds nodes of a cluster at addresses that don't say which node is there.
struct SeedSearch {
    var seeds: [HostPort]
    var transport: GRPCPeerTransport.Configuration
    var loop: any EventLoop
    var logger: Logger
    /// More than one, as one may be about to go; they know all others.
    private static let enough = 3

    /// As `run`; nil after SIGTERM or SIGINT, which nobody else takes at this time.
    func runUnlessStopped() async throws -> [Member]? {
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        return try await withThrowingTaskGroup(of: [Member]?.self) { group in
            group.addTask { try await run() }
            group.addTask {
                for await signal in signals {
                    logger.info(
                        "the node stops before it has found its cluster", metadata: ["signal": "\(signal)"])
                    break
                }
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next()!
        }
    }

    /// Asks all addresses again and again, names resolved anew each time, until somebody answers.
    ///
    /// - Throws: `CancellationError`.
    func run() async throws -> [Member] {
        var random = SystemRandomNumberGenerator()
        var failures = 0
        var lastReason = ""
        while true {
            // Nobody else looks after the certificates at this time, and they may be what is wrong.
            await transport.tls?.reload()
            var (members, reasons) = ([Member](), [String]())
            for seed in seeds where members.count < Self.enough { await ask(seed, &members, &reasons) }
            guard members.isEmpty else {
                logger.info(
                    "the cluster is found",
                    metadata: ["members": "\(members.map(\.name).joined(separator: ", "))"])
                return members
            }
            failures += 1
            let reason = reasons.joined(separator: "; ")
            logger.log(
                level: reason == lastReason ? .debug : .warning, "no seed answers yet",
                metadata: ["reason": "\(reason)"])
            lastReason = reason
            try await Task.sleep(for: transport.backoff.delay(afterFailures: failures, using: &random))
        }
    }

    private func ask(_ seed: HostPort, _ members: inout [Member], _ reasons: inout [String]) async {
        let addresses: [String]
        do {
            addresses = try await NIOThreadPool.singleton.runIfActive { try seed.resolved() }
        } catch {
            return reasons.append("\(error)")
        }
        for address in addresses where members.count < Self.enough && !Task.isCancelled {
            do {
                let hello = try await GRPCPeerTransport.identify(address, transport, on: loop)
                if !members.contains(where: { $0.name == hello.nodeName }) {
                    members.append(Member(name: hello.nodeName, address: address))
                }
            } catch {
                reasons.append("\(address): \(error)")
            }
        }
    }
}

/// A name that the system does not resolve.
struct ResolveError: Error, CustomStringConvertible {
    var description: String
}

extension HostPort {
    /// Every address of the host, with the port. Blocks until the system's resolver has answered.
    func resolved() throws(ResolveError) -> [String] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, "\(port)", &hints, &list)
        guard status == 0 else {
            throw ResolveError(
                description: "\(host) cannot be resolved: \(String(cString: gai_strerror(status)))")
        }
        defer { freeaddrinfo(list) }
        var addresses: [String] = []
        var next = list
        while let info = next?.pointee {
            next = info.ai_next
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            let length = socklen_t(text.count)
            guard getnameinfo(info.ai_addr, info.ai_addrlen, &text, length, nil, 0, NI_NUMERICHOST) == 0
            else { continue }
            let address = HostPort(
                host: String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self),
                port: port
            ).description
            if !addresses.contains(address) { addresses.append(address) }
        }
        return addresses
    }
}
