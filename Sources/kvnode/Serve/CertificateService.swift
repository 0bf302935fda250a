import Logging
import ServiceLifecycle
import TLS
import UnixSignals

/// Has changed certificates taken up while the node runs: again and again, and at once by SIGHUP.
struct CertificateService: Service {
    var endpoints: [TLSEndpoint]
    var interval: Duration
    var logger: Logger

    func run() async throws {
        // SIGHUP ends a process that does not take it, so it is taken only where it means something.
        guard !endpoints.isEmpty else { return try await gracefulShutdown() }
        let signals = await UnixSignalsSequence(trapping: .sighup)
        // One look for any number of reasons, and one at a time.
        let (reasons, look) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask {
                    // Nobody tells when another process changes a file, so they are looked at.
                    while (try? await Task.sleep(for: interval)) != nil { look.yield() }
                }
                group.addTask {
                    for await _ in signals {
                        logger.info("looking at the certificates, as SIGHUP tells")
                        look.yield()
                    }
                }
                group.addTask {
                    for await _ in reasons { for endpoint in endpoints { await endpoint.reload() } }
                }
            }
        }
    }
}
