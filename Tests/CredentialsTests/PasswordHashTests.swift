import Testing

@testable import Credentials

@Suite struct PasswordHashTests {
    /// As cheap as scrypt can be.
    static let cheap = PasswordHash.Cost(logRounds: 1, blockSize: 1, parallelism: 1)

    @Test func rightAndWrongPasswords() throws {
        let hash = try PasswordHash(hashing: Array("secret".utf8), cost: Self.cheap)
        #expect(try hash.matches(Array("secret".utf8)))
        for wrong in ["Secret", "secre", "secret ", "x"] { #expect(try !hash.matches(Array(wrong.utf8))) }
        // Through its text and back.
        #expect(PasswordHash(hash.description) == hash)
        #expect(!hash.description.contains("secret"))
    }

    /// The third vector of RFC 7914, section 12, shortened to 32 bytes: what others have hashed.
    @Test func vectorOfTheStandard() throws {
        let hash = try #require(
            PasswordHash(
                "$scrypt$ln=14,r=8,p=1$U29kaXVtQ2hsb3JpZGU$cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofI"))
        #expect(try hash.matches(Array("pleaseletmein".utf8)))
    }

    @Test func equalPasswordsHaveDifferentHashes() throws {
        let hashes = try (0..<4).map { _ in try PasswordHash(hashing: [1], cost: Self.cheap).description }
        #expect(Set(hashes).count == 4)
    }

    @Test(arguments: [
        "", "secret", "$scrypt$ln=1,r=1,p=1$c2FsdHNhbHQ$", "$argon2id$v=19$m=1,t=1,p=1$c2FsdHNhbHQ$aGFzaA",
        "$scrypt$ln=1,r=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "$scrypt$ln=1,r=1,p=1,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "$scrypt$ln=1,r=1,p=1$c2E$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        // More memory, or more work, than a node bears.
        "$scrypt$ln=20,r=8,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "$scrypt$ln=0,r=8,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "$scrypt$ln=99,r=8,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    ])
    func whatIsNoHash(_ text: String) { #expect(PasswordHash(text) == nil) }
}
