import Glibc

/// A file descriptor of the process that text and values are written to, unbuffered.
struct Output: Sendable {
    static let standardOutput = Output(descriptor: STDOUT_FILENO)
    static let standardError = Output(descriptor: STDERR_FILENO)

    var descriptor: Int32

    func write(_ text: String) { write(Array(text.utf8)) }

    /// Writes all of `bytes`, or gives up: whoever read them is gone, and there is no other place to say so.
    func write(_ bytes: [UInt8]) {
        var offset = 0
        while offset < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe Glibc.write(descriptor, buffer.baseAddress! + offset, buffer.count - offset)
            }
            if count > 0 {
                offset += count
            } else if errno != EINTR {
                return
            }
        }
    }
}
