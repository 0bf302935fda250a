import Foundation
import NIOCore
import NIOSSL
import NIOTLS
import SwiftASN1
import X509

/// Behind the handler of TLS: judges the other end's certificate, bounds the time of the handshake, and says in words why a
/// connection failed. Lives on one event loop.
final class HandshakeWatch: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let verifier: CertificateVerifier
    /// Nil where the other end is not asked for a certificate.
    private let expectation: CertificateExpectation?
    private let timeout: TimeAmount
    private let connections: VerifiedConnections
    private let report: FailureReport
    /// What the other end has proved; before anything of it is read, if it has to prove anything.
    private(set) var verified: VerifiedCertificate?
    private var refusal: CertificateRefusal?
    private var deadline: Scheduled<Void>?
    private var isEstablished = false
    /// Whatever still comes is not for the handlers behind.
    private var hasFailed = false
    private var context: ChannelHandlerContext?

    init(
        verifier: CertificateVerifier, _ expectation: CertificateExpectation?, timeout: TimeAmount,
        connections: VerifiedConnections, _ report: FailureReport
    ) {
        self.verifier = verifier
        self.expectation = expectation
        self.timeout = timeout
        self.connections = connections
        self.report = report
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        deadline?.cancel()
    }

    func channelActive(context: ChannelHandlerContext) {
        deadline = context.eventLoop.assumeIsolated().scheduleTask(in: timeout) { [self] in
            fail(TLSFailure(.timeout, "it has not finished the TLS handshake in time"))
        }
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        deadline?.cancel()
        connections.remove(context.channel)
        context.fireChannelInactive()
    }

    // MARK: The certificate

    /// What the TLS library asks in the middle of a handshake. The search for a path goes on off the event loop.
    func judge(_ presented: [NIOSSLCertificate], _ promise: EventLoopPromise<NIOSSLVerificationResult>) {
        guard let expectation else { return promise.succeed(.failed) }
        let loop = promise.futureResult.eventLoop
        let bound = NIOLoopBound(self, eventLoop: loop)
        let der = Result { try presented.map { try $0.toDERBytes() } }
        loop.makeFutureWithTask { [verifier] in
            try await verifier.verify(der: der.get(), expectation)
        }.whenComplete { result in
            promise.succeed(bound.value.note(result))
        }
    }

    private func note(_ result: Result<VerifiedCertificate, any Error>) -> NIOSSLVerificationResult {
        switch result {
        case .success(let certificate):
            verified = certificate
            return .certificateVerified
        case .failure(let error):
            refusal =
                error as? CertificateRefusal
                ?? CertificateRefusal(.malformed, "it presents a certificate that can't be read (\(error))")
            return .failed
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted? = event as? TLSUserEvent { completed(context) }
        if !hasFailed { context.fireUserInboundEventTriggered(event) }
    }

    private func completed(_ context: ChannelHandlerContext) {
        deadline?.cancel()
        isEstablished = true
        guard let expectation else { return }
        do throws(CertificateRefusal) {
            let certificate = if let verified { verified } else { try resumed(context) }
            verified = certificate
            let me = NIOLoopBound(self, eventLoop: context.eventLoop)
            let loop = context.eventLoop
            connections.add(context.channel, certificate, expectation) { refusal in
                loop.execute { me.value.fail(TLSFailure(refusal: refusal)) }
            }
        } catch {
            fail(TLSFailure(refusal: error))
        }
    }

    /// The certificate of a session that the client has resumed, for which the library does not ask again.
    ///
    /// It was verified when the session began, by these same authorities and this same list of revoked certificates: a
    /// ticket opens with the key of one `NIOSSLContext`, and new credentials come with a new one. What may have changed is the time.
    private func resumed(_ context: ChannelHandlerContext) throws(CertificateRefusal) -> VerifiedCertificate {
        let leaf: Certificate?
        do {
            leaf = try context.pipeline.syncOperations.nioSSL_peerCertificate().map {
                try Certificate(derEncoded: $0.toDERBytes())
            }
        } catch {
            throw CertificateRefusal(
                .malformed, "it has resumed a session with a certificate that can't be read")
        }
        guard let leaf else { throw CertificateRefusal(.missing, "it presents no certificate") }
        if let problem = leaf.dateProblem(at: .now) {
            throw CertificateRefusal(problem.cause, "its certificate (\(leaf.shortText)) \(problem.reason)")
        }
        let certificate = VerifiedCertificate([leaf])
        if let problem = expectation?.identity?.problem(with: certificate.identity) {
            throw CertificateRefusal(.identity, "its certificate is not the right one: \(problem)")
        }
        return certificate
    }

    // MARK: The end

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if !hasFailed { context.fireChannelRead(data) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // An end that goes without the farewell of TLS: the protocols here tell by themselves where a message ends.
        if isEstablished, error as? NIOSSLError == .uncleanShutdown { return }
        guard let failure = TLSFailure(error) else { return context.fireErrorCaught(error) }
        fail(refusal.map { TLSFailure(refusal: $0) } ?? failure)
    }

    private func fail(_ failure: TLSFailure) {
        guard !hasFailed else { return }
        hasFailed = true
        report(failure)
        context?.fireErrorCaught(failure)
        context?.close(promise: nil)
    }
}
