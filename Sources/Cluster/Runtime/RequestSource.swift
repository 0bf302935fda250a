import ClusterCore

/// Where a request comes from.
public struct RequestSource: Sendable {
    /// By which protocol it has come.
    public var origin: RequestOrigin
    /// Who has asked; empty if nobody knows.
    public var user: String
    /// The trace that it is part of, by the account of whoever has sent it; nil if that says nothing.
    public var trace: TraceContext?

    public init(_ origin: RequestOrigin, user: String = "", trace: TraceContext? = nil) {
        self.origin = origin
        self.user = user
        self.trace = trace
    }
}
