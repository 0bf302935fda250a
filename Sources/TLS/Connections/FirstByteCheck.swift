import NIOCore

/// Parts two ends of which one speaks TLS and the other plain text, with a word at both instead of a silence or a riddle.
///
/// Nearest to the socket, and gone once it has seen that the first byte fits.
final class FirstByteCheck: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// The types of record by which TLS begins (RFC 8446, section 5.1): none of the protocols here begins so in plain text.
    private static let alertRecord: UInt8 = 21
    private static let handshakeRecord: UInt8 = 22
    /// A fatal alert, `protocol_version`: tells an end in plain text, which looks for it, that this one speaks TLS.
    private static let alert: [UInt8] = [alertRecord, 3, 3, 0, 2, 2, 70]
    /// How long an end that was answered so has to read it: closing at once, with bytes of its unread, might take the alert along.
    private static let lingerTime = TimeAmount.milliseconds(250)

    private let expectsTLS: Bool
    private let side: CertificateExpectation.Side
    private let report: FailureReport
    private var isRefused = false

    /// - Parameter side: What the other end is.
    init(expectsTLS: Bool, from side: CertificateExpectation.Side, _ report: FailureReport) {
        self.expectsTLS = expectsTLS
        self.side = side
        self.report = report
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if isRefused { return }
        let bytes = unwrapInboundIn(data)
        let first = bytes.getInteger(at: bytes.readerIndex, as: UInt8.self)
        let isTLS = first == Self.handshakeRecord || first == Self.alertRecord
        guard first == nil || isTLS == expectsTLS else { return refuse(context) }
        context.fireChannelRead(data)
        if first != nil { context.pipeline.syncOperations.removeHandler(context: context, promise: nil) }
    }

    private func refuse(_ context: ChannelHandlerContext) {
        isRefused = true
        report(failure)
        switch (expectsTLS, side) {
        case (_, .server):
            context.fireErrorCaught(failure)
            context.close(promise: nil)
        case (false, .client): context.close(promise: nil)
        case (true, .client): answer(context)
        }
    }

    /// Tells a client that speaks plain text, and closes. The handlers behind, which are waiting for TLS, have no part in it.
    private func answer(_ context: ChannelHandlerContext) {
        let alert = wrapOutboundOut(ByteBuffer(bytes: Self.alert))
        context.writeAndFlush(alert).assumeIsolated().whenComplete { _ in
            context.close(mode: .output, promise: nil)
        }
        context.eventLoop.assumeIsolated().scheduleTask(in: Self.lingerTime) { context.close(promise: nil) }
    }

    private var failure: TLSFailure {
        switch (expectsTLS, side) {
        case (true, .client): TLSFailure(.plainText, "it speaks plain text, but this port speaks TLS")
        case (true, .server): TLSFailure(.plainText, "it answers in plain text, but this node speaks TLS")
        case (false, .client): TLSFailure(.unexpectedTLS, "it speaks TLS, which is off at this port")
        case (false, .server): TLSFailure(.unexpectedTLS, "it speaks TLS, which is off at this node")
        }
    }
}

/// Tells what became of a connection that came in, once. On the connection's event loop.
final class FailureReport {
    private var body: ((TLSFailure) -> Void)?

    init(_ body: ((TLSFailure) -> Void)?) { self.body = body }

    func callAsFunction(_ failure: TLSFailure) { body.take()?(failure) }
}
