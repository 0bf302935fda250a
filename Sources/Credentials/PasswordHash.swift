import Access
import Crypto
import CryptoExtras
import Foundation

/// A password as it is kept: salted, and hashed by scrypt (Percival 2009; RFC 7914), whose cost is kept with it. Written in
/// PHC's form: `$scrypt$ln=14,r=8,p=5$salt$hash`, both in base64 without padding.
public struct PasswordHash: Equatable, Sendable, CustomStringConvertible {
    /// What one guess costs.
    public struct Cost: Hashable, Sendable {
        /// The logarithm of scrypt's N: rounds, and blocks of memory.
        public var logRounds: Int
        /// scrypt's r: 128 bytes each of a block of memory.
        public var blockSize: Int
        /// scrypt's p: how often all of it is done, one after the other.
        public var parallelism: Int

        public init(logRounds: Int, blockSize: Int, parallelism: Int) {
            self.logRounds = logRounds
            self.blockSize = blockSize
            self.parallelism = parallelism
        }

        /// For new passwords: 16 MiB, and some tenths of a second.
        public static let standard = Cost(logRounds: 14, blockSize: 8, parallelism: 5)

        /// Memory for one guess.
        public var bytes: Int { 128 * blockSize << logRounds }

        /// What a node agrees to do for each login. A file that asks for more is refused.
        var isBearable: Bool {
            (1...20).contains(logRounds) && (1...32).contains(blockSize) && (1...16).contains(parallelism)
                && bytes <= Self.maxBytes
        }

        static let maxBytes = 256 << 20
    }

    /// Bytes of a password: scrypt itself knows no bound, and what clients send must have one.
    public static let lengths = 1...1_024
    private static let saltBytes = 16
    private static let hashBytes = 32

    public let cost: Cost
    public let salt: [UInt8]
    public let hash: [UInt8]

    /// Hashes a new password with a random salt. Takes as long as `cost` has it.
    ///
    /// - Parameter password: Of as many bytes as `lengths` has it.
    /// - Throws: If there is not the memory for it.
    public init(hashing password: [UInt8], cost: Cost = .standard) throws {
        precondition(Self.lengths.contains(password.count), "a password of \(password.count) bytes")
        var random = SystemRandomNumberGenerator()
        self.cost = cost
        salt = (0..<Self.saltBytes).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        hash = try Self.derive(password, salt, cost)
    }

    /// Of nobody's password, to be hashed against where there is no user: that takes as long as where there is one.
    init(decoyWith cost: Cost) {
        self.cost = cost
        salt = [UInt8](repeating: 0, count: Self.saltBytes)
        hash = [UInt8](repeating: 0, count: Self.hashBytes)
    }

    /// Nil unless `text` is of PHC's form, with a cost that a node bears.
    public init?(_ text: String) {
        let parts = text.split(separator: "$", omittingEmptySubsequences: false)
        guard parts.count == 5, parts[0].isEmpty, parts[1] == "scrypt", let cost = Self.cost(parts[2]),
            let salt = Self.decode(parts[3]), (8...64).contains(salt.count),
            let hash = Self.decode(parts[4]), hash.count == Self.hashBytes
        else { return nil }
        (self.cost, self.salt, self.hash) = (cost, salt, hash)
    }

    public var description: String {
        "$scrypt$ln=\(cost.logRounds),r=\(cost.blockSize),p=\(cost.parallelism)$\(Self.encode(salt))$\(Self.encode(hash))"
    }

    /// Takes as long as `cost` has it, whatever the answer is.
    ///
    /// - Parameter password: Of as many bytes as `lengths` has it.
    /// - Throws: If there is not the memory for it.
    func matches(_ password: [UInt8]) throws -> Bool {
        ConstantTime.areEqual(try Self.derive(password, salt, cost), hash)
    }

    private static func derive(_ password: [UInt8], _ salt: [UInt8], _ cost: Cost) throws -> [UInt8] {
        let key = try KDF.Scrypt.deriveKey(
            from: password, salt: salt, outputByteCount: hashBytes, rounds: 1 << cost.logRounds,
            blockSize: cost.blockSize, parallelism: cost.parallelism)
        return key.withUnsafeBytes { Array($0) }
    }

    private static func cost(_ text: Substring) -> Cost? {
        var numbers: [String: Int] = [:]
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let pair = part.split(separator: "=", omittingEmptySubsequences: false)
            guard pair.count == 2, let number = Int(pair[1]),
                numbers.updateValue(number, forKey: String(pair[0])) == nil
            else { return nil }
        }
        guard numbers.count == 3, let rounds = numbers["ln"], let size = numbers["r"],
            let parallelism = numbers["p"]
        else { return nil }
        let cost = Cost(logRounds: rounds, blockSize: size, parallelism: parallelism)
        return cost.isBearable ? cost : nil
    }

    private static func encode(_ bytes: [UInt8]) -> String {
        var text = Data(bytes).base64EncodedString()
        while text.last == "=" { text.removeLast() }
        return text
    }

    private static func decode(_ text: Substring) -> [UInt8]? {
        let padding = String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
        guard !text.contains("="), let data = Data(base64Encoded: text + padding) else { return nil }
        return Array(data)
    }
}
