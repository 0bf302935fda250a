import Access
import Logging

extension AccessControl {
    /// Of a node without users: whatever comes is let through, to where it is read.
    static var open: AccessControl {
        AccessControl(
            openWith: AuditLog(logger: Logger(label: "fuzz"), maxRefusalsPerSecond: 0, nanoseconds: { 0 }))
    }
}
