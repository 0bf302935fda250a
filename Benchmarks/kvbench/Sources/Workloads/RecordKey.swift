/// The keys of records: "user" and twelve digits, as in YCSB, but in the order of their numbers. Where YCSB hashes
/// the number so that hot keys do not lie side by side, here the choice of the numbers sees to it.
public enum RecordKey {
    /// Bytes of each key.
    public static let length = 16
    /// The key of record 0.
    private static let zero = Array("user000000000000".utf8)

    /// Appends the key of a record: `length` bytes.
    ///
    /// - Parameter number: From 0 up to 999,999,999,999.
    public static func write(_ number: Int, into output: inout [UInt8]) {
        precondition((0..<1_000_000_000_000).contains(number), "a record's number has twelve digits at most")
        output.append(contentsOf: zero)
        var rest = UInt64(number)
        var index = output.count
        while rest > 0 {
            index -= 1
            output[index] += UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
    }
}
