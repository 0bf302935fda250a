import ClusterCore
import NIOCore

/// A time as commands give it: so long from now, or since 1970.
struct RESPTime {
    /// Whether it counts from 1970.
    var isAbsolute: Bool
    var unitMillis: Int

    /// The option of `SET` and `GETEX` that a time follows.
    init?(option: String) {
        switch option {
        case "ex": self.init(isAbsolute: false, unitMillis: 1_000)
        case "px": self.init(isAbsolute: false, unitMillis: 1)
        case "exat": self.init(isAbsolute: true, unitMillis: 1_000)
        case "pxat": self.init(isAbsolute: true, unitMillis: 1)
        default: return nil
        }
    }

    init(isAbsolute: Bool, unitMillis: Int) {
        self.isAbsolute = isAbsolute
        self.unitMillis = unitMillis
    }

    /// The argument in milliseconds.
    ///
    /// - Parameter command: Which an error names.
    func milliseconds(
        _ argument: ByteBufferView, of command: RESPCommand
    ) throws(RESPCommandError) -> Int {
        guard let number = RESPNumber.parse(argument) else { throw .notAnInteger }
        let (milliseconds, isTooLong) = number.multipliedReportingOverflow(by: unitMillis)
        // What is counted from now has to leave room for it.
        let most = isAbsolute ? Int.max : BucketProperties.maximumTTLSeconds * 1_000
        guard !isTooLong, milliseconds <= most else { throw .invalidExpireTime(command) }
        return milliseconds
    }

    /// The argument as the end of a value that is written, which has to be after 1970, or after now.
    func expiry(
        _ argument: ByteBufferView, of command: RESPCommand
    ) throws(RESPCommandError) -> Expiry {
        let milliseconds = try milliseconds(argument, of: command)
        guard milliseconds > 0 else { throw .invalidExpireTime(command) }
        return isAbsolute ? .at(milliseconds: UInt64(milliseconds)) : .after(milliseconds: milliseconds)
    }
}

extension RESPCommandError {
    static func invalidExpireTime(_ command: RESPCommand) -> RESPCommandError {
        .other("invalid expire time in '\(command.rawValue)' command")
    }
}
