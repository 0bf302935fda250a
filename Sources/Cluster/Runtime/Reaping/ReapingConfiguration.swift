import ClusterCore
import NIOCore

/// How a node has what is deleted or has expired removed.
public struct ReapingConfiguration: Sendable {
    /// When, and how much at a time.
    public var limits: Reaper.Limits
    /// How long a replica has to confirm a page.
    public var timeout: TimeAmount

    public init(limits: Reaper.Limits = .init(), timeout: TimeAmount = .seconds(10)) {
        self.limits = limits
        self.timeout = timeout
    }
}
