import Crypto

/// The secret that a backup is encrypted with on this side of the network.
///
/// From it come three keys (HKDF, RFC 5869): one that seals (AES-256-GCM), one that names blocks, and one by whose mark an
/// archive tells that a key is its own.
public struct BackupKey: Sendable {
    /// Of the secret.
    public static let byteCount = 32

    private let sealing: SymmetricKey
    private let naming: SymmetricKey
    /// The same for the same secret, and of no use for finding it.
    let mark: [UInt8]

    /// - Parameter secret: `byteCount` bytes of a good source of random numbers.
    /// - Throws: `BackupError` if there are more or fewer.
    public init(secret: [UInt8]) throws(BackupError) {
        guard secret.count == Self.byteCount else {
            throw BackupError(.badKey, "a key has \(Self.byteCount) bytes, this has \(secret.count)")
        }
        func derive(_ use: String) -> SymmetricKey {
            HKDF<SHA256>.deriveKey(
                inputKeyMaterial: SymmetricKey(data: secret), info: Array("kvnode backup \(use)".utf8),
                outputByteCount: Self.byteCount)
        }
        sealing = derive("seal")
        naming = derive("name")
        mark = derive("mark").withUnsafeBytes { Array($0) }
    }

    /// - Parameter text: 64 hexadecimal digits, as `openssl rand -hex 32` writes them; space around them is left out.
    /// - Throws: `BackupError` for anything else.
    public init(hex text: String) throws(BackupError) {
        let trimmed = text.split(whereSeparator: \.isWhitespace)
        guard trimmed.count == 1, let secret = [UInt8](hex: String(trimmed[0])) else {
            throw BackupError(
                .badKey, "a key is written as \(2 * Self.byteCount) hexadecimal digits on one line")
        }
        try self.init(secret: secret)
    }

    func name(of block: [UInt8]) -> BlockID {
        BlockID(Array(HMAC<SHA256>.authenticationCode(for: block, using: naming)))
    }

    /// - Parameter place: What the bytes are: they can be opened only as that.
    func seal(_ bytes: [UInt8], as place: String) throws(BackupError) -> [UInt8] {
        do {
            let box = try AES.GCM.seal(bytes, using: sealing, authenticating: Array(place.utf8))
            // A nonce of the usual size, so there is a combined form.
            guard let combined = box.combined else { throw CryptoKitError.incorrectParameterSize }
            return Array(combined)
        } catch {
            throw BackupError(.failed, "\(place) cannot be encrypted: \(error)")
        }
    }

    func open(_ bytes: some Collection<UInt8>, as place: String) throws(BackupError) -> [UInt8] {
        do {
            let box = try AES.GCM.SealedBox(combined: Array(bytes))
            return Array(try AES.GCM.open(box, using: sealing, authenticating: Array(place.utf8)))
        } catch {
            throw BackupError(
                .damaged, "\(place) cannot be decrypted: it is damaged, or not what it should be")
        }
    }
}
