import Dispatch
import Glibc

/// Tells of the wish to end a view: by the key q, or by a signal such as ^C's.
final class TerminalInput {
    /// Yields with each wish.
    let wishes: AsyncStream<Void>
    private let signals: SignalEvents
    private let keys: TerminalKeys?

    /// - Parameter readsKeys: Whether keys count, if standard input is a terminal.
    init(readsKeys: Bool) {
        let (wishes, wish) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        self.wishes = wishes
        signals = SignalEvents { wish.yield() }
        keys = readsKeys ? TerminalKeys { wish.yield() } : nil
    }

    /// The terminal is as before.
    func end() {
        signals.cancel()
        keys?.end()
    }
}

/// Has the terminal give keys at once, and not show them.
private final class TerminalKeys {
    private static let endKeys: [UInt8] = [UInt8(ascii: "q"), UInt8(ascii: "Q")]

    private let before: termios
    private let source: any DispatchSourceRead

    /// Nil if standard input is no terminal.
    ///
    /// - Parameter whenEnded: Called when q is typed, or nothing can be typed any more.
    init?(_ whenEnded: @escaping @Sendable () -> Void) {
        var settings = termios()
        guard tcgetattr(STDIN_FILENO, &settings) == 0 else { return nil }
        before = settings
        settings.c_lflag &= ~tcflag_t(ICANON | ECHO)
        guard tcsetattr(STDIN_FILENO, TCSANOW, &settings) == 0 else { return nil }
        // After ^Z the shell would get the screen as it is.
        signal(SIGTSTP, SIG_IGN)
        source = DispatchSource.makeReadSource(fileDescriptor: STDIN_FILENO)
        source.setEventHandler {
            var key: UInt8 = 0
            if read(STDIN_FILENO, &key, 1) != 1 || Self.endKeys.contains(key) { whenEnded() }
        }
        source.resume()
    }

    func end() {
        source.cancel()
        var settings = before
        tcsetattr(STDIN_FILENO, TCSANOW, &settings)
    }
}
