import Foundation
import NIOCore
import Synchronization

/// The open connections whose other end has proved by a certificate who it is: that may cease to count while they last.
final class VerifiedConnections: Sendable {
    private struct Entry: Sendable {
        var certificate: VerifiedCertificate
        var expectation: CertificateExpectation
        var end: @Sendable (CertificateRefusal) -> Void
    }

    private let entries = Mutex<[ObjectIdentifier: Entry]>([:])

    var count: Int { entries.withLock { $0.count } }

    /// - Parameter end: Called when the certificate does not count any more, on any thread.
    func add(
        _ channel: any Channel, _ certificate: VerifiedCertificate, _ expectation: CertificateExpectation,
        end: @escaping @Sendable (CertificateRefusal) -> Void
    ) {
        let entry = Entry(certificate: certificate, expectation: expectation, end: end)
        entries.withLock { $0[ObjectIdentifier(channel)] = entry }
    }

    func remove(_ channel: any Channel) {
        entries.withLock { _ = $0.removeValue(forKey: ObjectIdentifier(channel)) }
    }

    /// Ends the connections whose certificate does not count any more.
    ///
    /// - Parameters:
    ///   - verifier: Of the present credentials.
    ///   - areNew: Whether these have changed; else time alone can have made a difference, which costs nothing to find out.
    func review(by verifier: CertificateVerifier, areNew: Bool) async {
        let now = Date.now.timeIntervalSince1970
        for entry in entries.withLock({ Array($0.values) })
        where areNew || entry.certificate.expires < now {
            do throws(CertificateRefusal) {
                _ = try await verifier.verify(entry.certificate.chain, entry.expectation)
            } catch {
                entry.end(error)
            }
        }
    }
}
