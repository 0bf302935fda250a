import Access
import Cluster
import ClusterCore
import NIOCore
import NIOHTTP1

// What is off the hot path.

extension HTTPConnectionHandler {
    func tellWorkload(_ context: ChannelHandlerContext) {
        let me = NIOLoopBound(self, eventLoop: context.eventLoop)
        let loop = context.eventLoop
        shared.service.workload { report in
            let reply = WorkloadDocument.reply(report)
            loop.execute { me.value.finish(reply) }
        }
    }

    /// Off the loop, since putting all figures into words takes some milliseconds.
    func tellMetrics(accept: String, _ context: ChannelHandlerContext) {
        let me = NIOLoopBound(self, eventLoop: context.eventLoop)
        let loop = context.eventLoop
        let page = shared.metrics
        // A control path: rare, so a task does no harm.
        Task {
            let (contentType, text) = await page(accept)
            let reply = HTTPReply(.ok, ["content-type": contentType], body: text)
            loop.execute { me.value.finish(reply) }
        }
    }

    /// Off the loop, since it counts all partitions, or waits for replicas.
    func tellConsole(_ question: ConsoleQuestion, _ context: ChannelHandlerContext) {
        let me = NIOLoopBound(self, eventLoop: context.eventLoop)
        let loop = context.eventLoop
        let answers = shared.console
        // A control path: rare, so a task does no harm.
        Task {
            let reply: HTTPReply
            do throws(RequestError) {
                let body = try await answers(question)
                reply = HTTPReply(
                    .ok, ["content-type": "application/json", "cache-control": "no-store"], body: body)
            } catch {
                reply = Problem(error).reply
            }
            loop.execute { me.value.finish(reply) }
        }
    }

    func setProperties(of bucket: String, _ context: ChannelHandlerContext) {
        let service = shared.service
        var properties = service.properties(ofBucket: bucket)
        let detail = String(decoding: body, as: UTF8.self)
        let caller = exchange.caller
        do throws(Problem) {
            try PropertiesDocument(json: body).change(&properties)
        } catch {
            caller?.audit(.setProperties, bucket: bucket, detail: detail, failure: error.detail)
            return send(error.reply, context)
        }
        let me = NIOLoopBound(self, eventLoop: context.eventLoop)
        let loop = context.eventLoop
        // A control path: rare, so a task does no harm.
        Task(executorPreference: shared.executor) { [properties] in
            let reply: HTTPReply
            do {
                try await service.setProperties(properties, ofBucket: bucket)
                caller?.audit(.setProperties, bucket: bucket, detail: detail, failure: nil)
                reply = PropertiesDocument(service.properties(ofBucket: bucket)).reply
            } catch {
                let problem = Problem(error as? RequestError ?? RequestError(.internal, "\(error)"))
                caller?.audit(.setProperties, bucket: bucket, detail: detail, failure: problem.detail)
                reply = problem.reply
            }
            loop.execute { me.value.finish(reply) }
        }
    }
}
