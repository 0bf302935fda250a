import Testing

@testable import ClusterCore

@Suite struct ContextTokenTests {
    private let key = StorageKey(bucket: "users", key: [1, 2, 3], partitionCount: 256)

    private func context(actors: Int) -> CausalContext {
        let dots = (0..<UInt64(actors)).map { Dot(actor: ($0 + 1) << 32, counter: $0 * 1000 + 1) }
        return CausalContext(
            vector: VersionVector(dots), latest: Timestamp(rawValue: actors == 0 ? 0 : 0x0102_0304_0506_0708))
    }

    /// What `decode` makes of `bytes`, with the error's code in place of a throw.
    private func outcome(_ bytes: [UInt8], _ key: StorageKey) -> Result<CausalContext, CodecError> {
        do throws(CodecError) {
            return .success(try ContextToken.decode(bytes, for: key))
        } catch {
            return .failure(error)
        }
    }

    private func code(_ bytes: [UInt8]) -> CodecError.Code? {
        if case .failure(let error) = outcome(bytes, key) { error.code } else { nil }
    }

    @Test(arguments: [0, 1, 3, 1024])
    func itComesBackAsItWas(actors: Int) throws {
        let context = context(actors: actors)
        let token = ContextToken.encode(context, for: key)
        #expect(try ContextToken.decode(token, for: key) == context)
        #expect(token.isEmpty == (actors == 0))
    }

    /// Each entry, and the token, as long as can be.
    @Test func theLongestTokenIsAccepted() throws {
        let dots = (0..<UInt64(ContextToken.maxActors)).map { Dot(actor: .max - $0, counter: .max) }
        let context = CausalContext(vector: VersionVector(dots), latest: Timestamp(rawValue: .max))
        let token = ContextToken.encode(context, for: key)
        #expect(try ContextToken.decode(token, for: key) == context)
    }

    @Test func itIsRefusedForAnotherKeyOrBucket() {
        let token = ContextToken.encode(context(actors: 3), for: key)
        for other in [
            StorageKey(bucket: "users", key: [1, 2, 4], partitionCount: 256),
            StorageKey(bucket: "user", key: [1, 2, 3], partitionCount: 256),
            StorageKey(bucket: "users", key: [1, 2], partitionCount: 256),
        ] {
            #expect(throws: CodecError.self) { try ContextToken.decode(token, for: other) }
        }
    }

    @Test func everyDamagedBitIsNoticed() {
        let token = ContextToken.encode(context(actors: 3), for: key)
        for index in token.indices {
            for bit in 0..<8 {
                var damaged = token
                damaged[index] ^= 1 << UInt8(bit)
                #expect(throws: CodecError.self) { try ContextToken.decode(damaged, for: key) }
            }
        }
        for count in 1..<token.count {
            #expect(throws: CodecError.self) { try ContextToken.decode(Array(token.prefix(count)), for: key) }
        }
        #expect(code(token + [0]) == .malformed)
    }

    @Test func otherVersionsAndTooManyActorsAreRefused() {
        var token = ContextToken.encode(context(actors: 1), for: key)
        token[0] = 9
        #expect(code(token) == .unknownVersion(9))
        #expect(code(ContextToken.encode(context(actors: 1025), for: key)) == .tooLarge)
        #expect(code([UInt8](repeating: 1, count: 1 << 20)) == .tooLarge)
        #expect(code([1]) == .truncated)
    }

    @Test func garbageNeverTraps() {
        var random = VersionRandom(seed: 3)
        let valid = ContextToken.encode(context(actors: 3), for: key)
        for _ in 0..<20_000 {
            let bytes = CodecSamples.mutate(valid, &random)
            // 32 bits of check leave no accident in 20,000 tries but a mutation that changed nothing.
            if bytes != valid, !bytes.isEmpty {
                #expect(throws: CodecError.self) { try ContextToken.decode(bytes, for: key) }
            }
        }
    }
}
