import Foundation
import GRPCCore
import Messages
import SwiftProtobuf
import Testing

@testable import KVNodeClient

@Suite("Errors: what a failure is, and whether it may be repeated")
struct ErrorTests {
    private func error(
        _ code: RPCError.Code, _ reason: String = "", answered: Int? = nil, needed: Int? = nil,
        sent: Bool = true
    ) -> KVNodeError {
        var metadata: Metadata = [:]
        if !reason.isEmpty { metadata.addString(reason, forKey: "kvnode-reason") }
        if let answered { metadata.addString("\(answered)", forKey: "kvnode-replicas-answered") }
        if let needed { metadata.addString("\(needed)", forKey: "kvnode-replicas-needed") }
        return KVNodeError(RPCError(code: code, message: "m", metadata: metadata), wasSent: sent)
    }

    @Test("the node's word decides where a status code stands for several causes")
    func kinds() {
        #expect(error(.unavailable).kind == .unavailable)
        #expect(error(.unavailable, "shutting_down").kind == .unavailable)
        #expect(error(.unavailable, "quorum_not_reached").kind == .quorumNotReached)
        #expect(error(.resourceExhausted, "overloaded").kind == .overloaded)
        #expect(error(.resourceExhausted, "no_space").kind == .noSpace)
        #expect(error(.failedPrecondition, "precondition_failed").kind == .conditionFailed)
        #expect(error(.failedPrecondition, "wrong_type").kind == .wrongType)
        #expect(error(.deadlineExceeded).kind == .deadlineExceeded)
        #expect(error(.unimplemented).kind == .internal)
        #expect(error(.deadlineExceeded).status == "DEADLINE_EXCEEDED")
        #expect(error(.internalError).status == "INTERNAL")
        #expect(KVNodeError(CancellationError(), wasSent: true).kind == .cancelled)
    }

    @Test("what was not sent, or refused before a replica was asked, was not done")
    func effects() {
        #expect(!error(.unavailable, sent: false).mayHaveHappened)
        #expect(error(.unavailable).mayHaveHappened, "the answer may have been lost")
        #expect(error(.deadlineExceeded).mayHaveHappened)
        #expect(!error(.resourceExhausted, "overloaded", answered: 0, needed: 0).mayHaveHappened)
        #expect(!error(.unavailable, "layout_changing", answered: 0, needed: 0).mayHaveHappened)
        #expect(error(.unavailable, "quorum_not_reached", answered: 0, needed: 2).mayHaveHappened)
        #expect(error(.deadlineExceeded, "deadline_exceeded", answered: 1, needed: 2).mayHaveHappened)
        #expect(!error(.failedPrecondition, "precondition_failed", answered: 2, needed: 2).mayHaveHappened)
        #expect(!error(.permissionDenied, "permission_denied").mayHaveHappened)
        #expect(error(.internalError, "internal", answered: 0, needed: 0).mayHaveHappened)
    }

    @Test("only the node's word, or that nothing was sent, makes sure that nothing was done")
    func doubt() {
        #expect(error(.resourceExhausted).mayHaveHappened, "it may be of the reply, which was too long")
        #expect(
            error(.resourceExhausted, "overloaded").mayHaveHappened, "it doesn't say how many were needed")
        #expect(error(.resourceExhausted, "overloaded", answered: 1, needed: 1).mayHaveHappened)
        #expect(error(.unavailable, "quorum_not_reached", answered: 0, needed: 0).mayHaveHappened)
        #expect(error(.deadlineExceeded, "deadline_exceeded", answered: 0, needed: 0).mayHaveHappened)
        #expect(!error(.unavailable, "shutting_down", answered: 0, needed: 0).mayHaveHappened)
    }

    @Test("a read is made again, a write that may have been done is not")
    func repeating() {
        let unknown = error(.unavailable)
        #expect(unknown.of(.read).isWorthRetrying && !unknown.of(.read).mayHaveHappened)
        #expect(!unknown.of(.write).isWorthRetrying && unknown.of(.write).mayHaveHappened)
        #expect(error(.unavailable, sent: false).of(.write).isWorthRetrying)
        #expect(!error(.invalidArgument).of(.read).isWorthRetrying)
    }

    @Test("entries of a batch fail as requests do")
    func entries() {
        let message = Kvnode_V1_Error.with {
            $0.code = .unavailable
            $0.reason = "quorum_not_reached"
            $0.message = "1 of 2"
            $0.replicasAnswered = 1
            $0.replicasNeeded = 2
        }
        let error = KVNodeError(message)
        #expect(error.kind == .quorumNotReached && error.status == "UNAVAILABLE" && error.mayHaveHappened)
        #expect(error.replicasAnswered == 1 && error.replicasNeeded == 2)
    }

    @Test("an error says all that is known in a line")
    func description() {
        var error = error(.unavailable, "quorum_not_reached", answered: 1, needed: 2)
        error.endpoint = KVNodeEndpoint("[::1]:7400")
        error.attempts = 3
        #expect(
            "\(error)"
                == "quorumNotReached: m; asked [::1]:7400; tried 3 times; the write may have happened")
    }

    @Test("endpoints are read as they are written")
    func endpoints() {
        for text in ["node0.example:7400", "10.0.0.1:1", "[::1]:65535", "[fe80::1%eth0]:7400"] {
            #expect(KVNodeEndpoint(text)?.description == text)
        }
        for text in [
            "", "node0", "node0:", "node0:0", "node0:65536", "::1:7400", "[node0]:1", ":7400", "a b:1",
        ] {
            #expect(KVNodeEndpoint(text) == nil, "\(text)")
        }
        #expect(
            KVNodeEndpoint("10.0.0.1:1")?.isIPv4 == true && KVNodeEndpoint("10.0.0.256:1")?.isIPv4 == false)
    }

    @Test("times are rounded up to what the nodes count in")
    func milliseconds() {
        #expect(Duration.microseconds(1).wholeMilliseconds == 1)
        #expect(Duration.milliseconds(2_500).wholeMilliseconds == 2_500)
        #expect(Duration.seconds(-1).wholeMilliseconds == 0)
        #expect(Duration.seconds(Int64.max).wholeMilliseconds == .max)
        var put = KVNodeStore.Put(Data(), at: .init("k"))
        #expect(!put.message.hasTtlSeconds)
        for (time, seconds) in [(Duration.milliseconds(1), 1), (.milliseconds(1_001), 2), (.zero, 0)] {
            put.timeToLive = time
            #expect(put.message.hasTtlSeconds && put.message.ttlSeconds == UInt32(seconds))
        }
    }
}
