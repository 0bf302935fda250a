import Engine
import Testing

/// ``EngineCopy`` between every two engines: what was written to the one is read from the other.
@Suite struct CopyTests {
    @Test(arguments: Subject.all, Subject.all)
    func `a copy holds the original's rows and no others`(_ from: Subject, _ to: Subject) throws {
        try withScratch { path in
            let source = try from.open(path + "/source")
            try fill(source)
            var target = try to.open(path + "/target")
            let copy = EngineCopy(from: source, pageBytes: 64 << 10)
            let digests = try copy.copy(to: target)
            try target.sync()
            if to.persistent {
                try target.close()
                target = try to.open(path + "/target")
            }
            try copy.verify(target, holds: digests)
            for keyspace in Keyspace.allCases {
                #expect(try target.scan(keyspace, .all) == source.scan(keyspace, .all))
            }
            // The same rows give the same digests on each side.
            #expect(try EngineCopy(from: target).copy(to: target) == digests)
            try change(target, number: 1234)
            #expect(throws: EngineCopyError.self) { try copy.verify(target, holds: digests) }
            try source.close()
            try target.close()
        }
    }

    /// Rows in each keyspace; some overwritten, some deleted, keys and values of the sizes at the limits among them.
    private func fill(_ engine: any StorageEngine) throws {
        var batch = WriteBatch()
        for number in 0..<3000 {
            batch.put(Keyspace.allCases[number % 3], Row.key(number), Row.value(number))
        }
        try engine.write(batch, durability: .buffered)
        batch.removeAll(keepingCapacity: true)
        for number in 0..<300 {
            batch.put(Keyspace.allCases[number % 3], Row.key(number), Row.value(number + 1))
            batch.delete(Keyspace.allCases[number % 3], Row.key(number + 600))
        }
        for byte: UInt8 in [0, 0xFF] {
            batch.put(.data, [byte], [])
            batch.put(.data, [UInt8](repeating: byte, count: EngineLimits.maxKeySize), [byte])
        }
        batch.put(.hints, [1, 2, 3], [UInt8](repeating: 0xAB, count: 3 << 20))
        try engine.write(batch, durability: .buffered)
        try engine.deleteRange(.meta, KeyRange(lower: Row.key(1500), upper: Row.key(1600)))
    }

    private func change(_ engine: any StorageEngine, number: Int) throws {
        var batch = WriteBatch()
        batch.put(Keyspace.allCases[number % 3], Row.key(number), Row.value(number + 1))
        try engine.write(batch, durability: .buffered)
    }
}
