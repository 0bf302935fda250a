/// How far a key lies on the way from a keyspace's first key to its last, if keys are spread about evenly between.
///
/// For an operator's progress bar: engines know no number of rows, and storage keys begin with a hash.
struct KeySpread {
    /// Bytes that all keys of the keyspace begin with, and that therefore tell nothing.
    private let shared: Int
    private let first: Double
    private let last: Double

    init(first: [UInt8], last: [UInt8]) {
        shared = zip(first, last).prefix { $0 == $1 }.count
        self.first = Self.position(first, after: shared)
        self.last = Self.position(last, after: shared)
    }

    /// From 0 to 1, never less for a later key.
    func fraction(of key: [UInt8]) -> Double {
        guard last > first else { return 0 }
        return min(1, max(0, (Self.position(key, after: shared) - first) / (last - first)))
    }

    private static func position(_ key: [UInt8], after shared: Int) -> Double {
        var position = 0.0
        var scale = 1.0
        for byte in key.dropFirst(shared).prefix(7) {
            scale /= 256
            position += Double(byte) * scale
        }
        return position
    }
}
