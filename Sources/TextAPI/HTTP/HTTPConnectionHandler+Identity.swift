import Access
import ClusterCore
import NIOCore
import NIOHTTP1

// Who asks, and whether they may.

extension HTTPConnectionHandler {
    /// Finds out who sent the request, and whether they may. If that takes time, the request is held back meanwhile.
    func identify(
        _ route: HTTPRoute, _ head: HTTPRequestHead, _ context: ChannelHandlerContext
    ) throws(Problem) {
        exchange.operation = route.path.operation(for: head.method)
        exchange.bucket = route.bucket
        guard shared.access.requirement(of: exchange.operation) != .nothing else { return }
        let header = head.headers.first(name: "authorization")
        let loop = context.eventLoop
        let outcome = identity.begin(header) {
            let me = NIOLoopBound(self, eventLoop: loop)
            return { result in loop.execute { me.value.identified(header ?? "", result) } }
        }
        try admit(outcome)
    }

    private func admit(_ outcome: HeaderIdentity.Outcome) throws(Problem) {
        switch outcome {
        case .caller(var caller):
            do throws(RequestError) {
                try caller.check(exchange.operation, bucket: exchange.bucket)
            } catch {
                throw Problem(error)
            }
            exchange.user = caller.user
            if exchange.operation.isAudited { exchange.caller = caller }
        case .refused(let error): throw Problem(error)
        case .pending: exchange.isBeingIdentified = true
        }
    }

    /// A password was hashed. The connection may have ended meanwhile.
    private func identified(_ header: String, _ result: AuthenticationResult) {
        let outcome = identity.end(header, result)
        guard let context, exchange.isBeingIdentified else { return }
        exchange.isBeingIdentified = false
        do throws(Problem) {
            try admit(outcome)
            proceed(context)
        } catch {
            switch state {
            case .held:
                state = .held(.reply(error.reply))
                proceed(context)
            // The rest of the body is not waited for.
            case .receiving: sendLast(error.reply, context)
            case .idle, .refusing, .waiting, .closing: break
            }
        }
    }
}
