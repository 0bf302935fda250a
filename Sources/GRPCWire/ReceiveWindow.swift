/// When the peer is let send more: the bytes that may be under way to this end, of a stream or of the connection.
///
/// For an end that takes whatever comes at once. HTTP/2 counts a window down by what arrives (RFC 9113, section 6.9), and it
/// is opened anew when half of it is used up.
package struct ReceiveWindow: Sendable {
    /// Bytes of HTTP/2's window before any other is agreed on; settings change a stream's alone.
    private static let initialBytes = 65_535

    package let bytes: Int

    package init(bytes: Int) { self.bytes = bytes }

    /// What is added to the connection's window when the connection begins; nil if it is wide enough.
    package var opening: Int? { bytes > Self.initialBytes ? bytes - Self.initialBytes : nil }

    /// What is added to a window of which `left` bytes are left; nil if that is enough.
    package func increment(at left: Int) -> Int? { left <= bytes / 2 ? bytes - left : nil }
}
