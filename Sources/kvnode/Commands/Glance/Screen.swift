import Glibc

/// The terminal's other screen, for a view that is drawn anew again and again; what was there before comes back at the end.
struct Screen: Sendable {
    private let output = Output.standardOutput

    /// To the other screen, without the cursor; lines end at the edge.
    init() { output.write("\u{1B}[?1049h\u{1B}[?25l\u{1B}[?7l\u{1B}[2J") }

    /// Draws over what is there, so that nothing flickers; as many lines as there is room for.
    func show(_ text: String) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).prefix(max(1, height - 1))
        output.write("\u{1B}[H" + lines.map { $0 + "\u{1B}[K\r\n" }.joined() + "\u{1B}[J")
    }

    func end() { output.write("\u{1B}[?7h\u{1B}[?25h\u{1B}[?1049l") }

    private var height: Int {
        var size = winsize()
        guard ioctl(output.descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_row > 0 else {
            return 24
        }
        return Int(size.ws_row)
    }
}
