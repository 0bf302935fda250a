/// Comparison that tells nobody by its time how much of a guess was right.
public enum ConstantTime {
    /// Whether `a` and `b` are the same. Looks at each byte of `a` whatever it finds; only their lengths can be told.
    @inlinable
    public static func areEqual(_ a: some Collection<UInt8>, _ b: some Collection<UInt8>) -> Bool {
        guard a.count == b.count else { return false }
        var difference: UInt8 = 0
        for (x, y) in zip(a, b) { difference |= x ^ y }
        return difference == 0
    }
}
