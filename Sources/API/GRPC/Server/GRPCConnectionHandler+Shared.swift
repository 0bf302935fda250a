import Access
import Cluster
import GRPCWire
import TextAPI

extension GRPCConnectionHandler {
    /// What a connection may hold, and what is said for its calls.
    struct Limits: Sendable {
        var maxMessageBytes: Int
        var maxCalls: Int
        /// Bytes of calls that have not begun, as their messages are not complete, or their turn has not come.
        var maxReceivedBytes: Int
        /// Bytes of replies that the client's windows don't let go.
        var maxUnsentBytes: Int
        /// What the client may send ahead, on each stream and on the connection.
        var window: ReceiveWindow
        /// Of a batch, and operations of one message of a session.
        var maxBatchEntries: Int
        var defaultTimeoutMillis: Int
        var session: SessionOutbox.Limits
    }

    /// What all connections share.
    struct Shared: Sendable {
        var service: any KeyValueService
        var access: AccessControl
        var rules: RequestRules
        var limits: Limits
        let budget: ReceiveBudget
        var methods: MethodTable
        /// For the calls that a task serves.
        var executor: EventLoopTaskExecutor
    }
}
