/// Keys between two others, for whoever looks for a place in a range without reading what lies in it.
enum KeyFraction {
    /// The key that lies `part` of `parts` on the way from `lower` to `upper`, as if keys were fractions with a digit for
    /// each byte; nil stands for 1, behind all keys.
    ///
    /// - Parameter digits: Bytes of the answer at most.
    /// - Returns: Nil if no such key lies between the two.
    static func key(
        _ part: Int, of parts: Int, from lower: [UInt8], to upper: [UInt8]?, digits: Int
    ) -> [UInt8]? {
        // The place before the point stands at index 0.
        let start = [0] + padded(lower, to: digits)
        let end = upper.map { [0] + padded($0, to: digits) } ?? [1] + padded([], to: digits)
        var way = zip(end, start).map { $0 - $1 }
        for index in way.indices.dropFirst().reversed() where way[index] < 0 {
            way[index] += 256
            way[index - 1] -= 1
        }
        for index in way.indices { way[index] *= part }
        // From the left, what a place leaves over is carried to the next one.
        for index in way.indices {
            let left = way[index] % parts
            way[index] /= parts
            if index + 1 < way.count { way[index + 1] += left * 256 }
        }
        var sum = zip(start, way).map { $0 + $1 }
        for index in sum.indices.dropFirst().reversed() where sum[index] > 255 {
            sum[index - 1] += sum[index] / 256
            sum[index] %= 256
        }
        var key = sum.dropFirst().map { UInt8($0) }
        while key.last == 0 { key.removeLast() }
        guard lower.lexicographicallyPrecedes(key) else { return nil }
        return upper.map { key.lexicographicallyPrecedes($0) } ?? true ? key : nil
    }

    private static func padded(_ key: [UInt8], to digits: Int) -> [Int] {
        let known = key.prefix(digits).map { Int($0) }
        return known + [Int](repeating: 0, count: digits - known.count)
    }
}
