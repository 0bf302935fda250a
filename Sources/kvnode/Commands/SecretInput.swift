import ArgumentParser
import Foundation
import Glibc

/// Secrets that a command is given: never as arguments, which other users of the machine can see.
enum SecretInput {
    /// What a file holds, without the end of its last line.
    static func file(_ path: String) throws -> [UInt8] {
        do {
            let file =
                try path == "-"
                ? FileHandle.standardInput : FileHandle(forReadingFrom: URL(fileURLWithPath: path))
            var bytes = [UInt8](try file.read(upToCount: maxBytes) ?? Data())
            if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
            if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
            return bytes
        } catch {
            throw ValidationError("\(path) can't be read: \(error.localizedDescription)")
        }
    }

    static func variable(_ name: ClientVariable) -> String? {
        ProcessInfo.processInfo.environment[name.rawValue].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// What is typed at the terminal, which does not show it; nil if there is no terminal.
    static func prompt(_ text: String) -> [UInt8]? {
        let terminal = open("/dev/tty", O_RDWR | O_CLOEXEC)
        guard terminal >= 0 else { return nil }
        defer { close(terminal) }
        var settings = termios()
        guard tcgetattr(terminal, &settings) == 0 else { return nil }
        var silent = settings
        silent.c_lflag &= ~tcflag_t(ECHO)
        guard tcsetattr(terminal, TCSAFLUSH, &silent) == 0 else { return nil }
        defer { tcsetattr(terminal, TCSAFLUSH, &settings) }
        let output = Output(descriptor: terminal)
        output.write(text)
        defer { output.write("\n") }
        return line(from: terminal)
    }

    private static func line(from terminal: Int32) -> [UInt8] {
        var bytes: [UInt8] = []
        var byte: UInt8 = 0
        while bytes.count < maxBytes, read(terminal, &byte, 1) == 1, byte != UInt8(ascii: "\n") {
            bytes.append(byte)
        }
        return bytes
    }

    /// More than any password or token has.
    private static let maxBytes = 4 << 10
}
