import Glibc
import Results

/// Finds the exponent of Zipf's law by how likely two requests are for the same key.
///
/// The law has a chance of it that grows with the exponent, from 1 by the number of keys; the exponent is that with the chance that
/// was found. Pairs among the samples estimate it without bias, also where many keys are counted a few times by chance, whose
/// ranks would look like those of an uneven law. Of a skewed law, the keys asked for most make nearly all of it: that the others
/// have no counters matters little.
enum ZipfFit {
    /// Below it, nothing is certain: the number of keys is known to a few percent alone, and an even law with 6% less keys has as
    /// many pairs.
    static let leastExponent = 0.25
    /// Weights that are added up one by one.
    private static let summed = 1_024

    /// - Returns: 0 if all keys are alike, as far as can be told.
    static func exponent(coincidence: Double, keys: Int) -> Double {
        var (low, high) = (0.0, WorkloadShape.greatestExponent)
        for _ in 0..<60 {
            let middle = (low + high) / 2
            if self.coincidence(exponent: middle, keys: keys) < coincidence {
                low = middle
            } else {
                high = middle
            }
        }
        return low < leastExponent ? 0 : low
    }

    /// How likely two requests are for the same key.
    static func coincidence(exponent: Double, keys: Int) -> Double {
        let sum = weights(exponent, keys)
        return weights(2 * exponent, keys) / (sum * sum)
    }

    /// The sum of i^-exponent for i from 1 to `keys`. By the midpoint rule, the weights from a to b are about the integral from
    /// a - 1/2 to b + 1/2.
    private static func weights(_ exponent: Double, _ keys: Int) -> Double {
        let first = (1...max(1, min(keys, summed))).reduce(0.0) { $0 + pow(Double($1), -exponent) }
        if keys <= summed { return first }
        let (from, to) = (Double(summed) + 0.5, Double(keys) + 0.5)
        let power = 1 - exponent
        // Close to 1 the difference of the powers would have no digits left.
        let rest =
            abs(power) < 1e-9 ? log(to / from) : (pow(to, power) - pow(from, power)) / power
        return first + rest
    }
}
