import Access
import Crypto
import Foundation

/// A random secret that a program has in place of a user's password. Only its hash is kept: a token is too long to be
/// guessed, so that a fast hash without a salt will do.
public struct APIToken: Sendable {
    private static let secretBytes = 32
    /// Longer ones are no tokens.
    static let maxBytes = 128

    /// What the program is given, once.
    public let text: String

    /// A new one.
    public init() {
        var random = SystemRandomNumberGenerator()
        let secret = (0..<Self.secretBytes).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        let encoded = Data(secret).base64EncodedString()
            .replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_")
        text = Credential.tokenPrefix + encoded.prefix { $0 != "=" }
    }

    /// What is kept of it.
    public var hash: [UInt8] { Self.hash(Array(text.utf8)) }

    static func hash(_ token: [UInt8]) -> [UInt8] { Array(SHA256.hash(data: token)) }
}
