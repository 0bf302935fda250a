import SwiftASN1
import X509

/// Certificates and keys from PEM text, with errors that an operator can act on.
enum PEM {
    /// At least one certificate. Whatever else the text holds is passed over.
    static func certificates(_ text: String) throws(CredentialError) -> [Certificate] {
        let blocks = try documents(text).filter { $0.discriminator == Certificate.defaultPEMDiscriminator }
        guard !blocks.isEmpty else { throw CredentialError("it holds no certificate in PEM") }
        do {
            return try blocks.map { try Certificate(pemDocument: $0) }
        } catch {
            throw CredentialError("it holds a certificate that can't be read (\(error))")
        }
    }

    /// The one private key.
    static func key(_ text: String) throws(CredentialError) -> Certificate.PrivateKey {
        let keys = try documents(text).filter { $0.discriminator.hasSuffix("PRIVATE KEY") }
        guard keys.count == 1 else { throw CredentialError("it holds \(keys.count) private keys, not one") }
        guard !keys[0].discriminator.hasPrefix("ENCRYPTED") else {
            throw CredentialError("it is encrypted, and nobody is there to say the password")
        }
        do {
            return try Certificate.PrivateKey(pemDocument: keys[0])
        } catch {
            // Not the error itself: it may tell of the key.
            throw CredentialError("it holds a private key of a kind that is not known")
        }
    }

    private static func documents(_ text: String) throws(CredentialError) -> [PEMDocument] {
        do {
            return try PEMDocument.parseMultiple(pemString: text)
        } catch {
            throw CredentialError("it is not PEM")
        }
    }

    static func text(_ certificates: [Certificate]) throws -> String {
        try certificates.map { try $0.serializeAsPEM().pemString + "\n" }.joined()
    }
}

extension Certificate {
    var derBytes: [UInt8] {
        get throws {
            var serializer = DER.Serializer()
            try serializer.serialize(self)
            return serializer.serializedBytes
        }
    }
}
