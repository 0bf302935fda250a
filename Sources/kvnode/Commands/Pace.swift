/// How fast something goes on that is done from 0 to 1, since it was first looked at: it may have been begun before.
struct Pace {
    private struct Point {
        var fraction: Double
        var amount: Double
        var seconds: Double
    }

    /// Before that much has been done, or that much time has gone by, the beginning tells too little.
    private static let leastFraction = 0.01
    private static let leastSeconds = 1.0

    private var first: Point?

    /// `, 3.0 MiB/s, 30 s left`, as far as that can be said.
    ///
    /// - Parameters:
    ///   - amount: What has been done, in what `rate` puts into words.
    ///   - seconds: Now, by any clock.
    mutating func text(
        fraction: Double, amount: Double, seconds: Double, rate: (_ perSecond: Double) -> String
    ) -> String {
        let point = Point(fraction: fraction, amount: amount, seconds: seconds)
        guard let first else {
            first = point
            return ""
        }
        let time = seconds - first.seconds
        guard time >= Self.leastSeconds else { return "" }
        let speed = ", \(rate(max(0, amount - first.amount) / time))/s"
        let done = fraction - first.fraction
        guard done >= Self.leastFraction, fraction < 1 else { return speed }
        return speed + ", \(Quantity.duration(seconds: time * (1 - fraction) / done)) left"
    }
}
