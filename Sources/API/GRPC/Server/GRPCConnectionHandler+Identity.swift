import Access
import ClusterCore
import NIOCore
import TextAPI

/// Whose the calls are.
extension GRPCConnectionHandler {
    /// Lets a call begin once it is known whose it is, or fails it.
    ///
    /// - Parameter header: `authorization` of its metadata.
    func identify(_ call: Call, _ operation: Operation, _ header: String?) {
        if operation.requirement == .nothing { return call.admit(call.caller) }
        let outcome = identity.begin(header) {
            let (me, call) = (NIOLoopBound(self, eventLoop: loop), NIOLoopBound(call, eventLoop: loop))
            return { [loop] result in
                loop.execute {
                    let outcome = me.value.identity.end(header ?? "", result)
                    me.value.admit(call.value, operation, outcome)
                    call.value.goOn()
                }
            }
        }
        admit(call, operation, outcome)
    }

    private func admit(_ call: Call, _ operation: Operation, _ outcome: HeaderIdentity.Outcome) {
        switch outcome {
        case .caller(var caller):
            do throws(RequestError) {
                // What may be done where, its messages decide. Nobody's are not waited for.
                try caller.checkIsKnown(for: operation)
                call.admit(caller)
            } catch {
                call.fail(GRPCFailure(error))
            }
        case .refused(let error): call.fail(GRPCFailure(error))
        case .pending: call.hold()
        }
    }
}
