import Dispatch
import Glibc

/// Turns the signals that ask a command to stop into calls.
struct SignalEvents {
    static let signals = [SIGINT, SIGTERM, SIGHUP]

    private let sources: [any DispatchSourceSignal]

    /// - Parameter received: Called for each signal, on a dispatch queue.
    init(_ received: @escaping @Sendable () -> Void) {
        sources = Self.signals.map { number in
            // Without it the default action ends the process before the source sees the signal.
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number)
            source.setEventHandler(handler: received)
            source.resume()
            return source
        }
    }

    func cancel() { for source in sources { source.cancel() } }
}
