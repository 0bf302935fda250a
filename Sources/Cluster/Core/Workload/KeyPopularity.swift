/// Which hashes come most often, by a bounded number of counters: Space-Saving of Metwally, Agrawal and El Abbadi, "Efficient
/// computation of frequent and top-k elements in data streams" (ICDT 2005).
///
/// A hash without a counter takes over the least one, with its count. So a counter is never below what it counts, and above it
/// by its error at most, which is no more than all that was counted by the number of counters.
///
/// The least counter is on top of a binary heap, where the paper has lists of equal counters: ten steps at most, and none of
/// them allocates once all counters are in use.
public struct KeyPopularity: Sendable {
    /// A counter without the hash that it counts.
    public struct Counter: Equatable, Sendable {
        /// The same as long as the counter counts the same hash, and never given again. Says when that was first seen, and nothing
        /// of what it is.
        public var label: UInt64
        /// At least as often as the hash came.
        public var count: UInt64
        /// By how much it may be too high.
        public var error: UInt64

        public init(label: UInt64, count: UInt64, error: UInt64) {
            self.label = label
            self.count = count
            self.error = error
        }
    }

    private struct Entry {
        var hash: UInt64
        var counter: Counter
    }

    /// How many hashes came.
    public private(set) var samples: UInt64 = 0
    private let capacity: Int
    private let labelStep: UInt64
    private var nextLabel: UInt64
    /// No entry counts less than that of the place (index - 1) / 2.
    private var heap: [Entry] = []
    private var places: [UInt64: Int] = [:]

    /// - Parameters:
    ///   - capacity: How many counters, at least one.
    ///   - lane: Which of `lanes` this is: no other has the same labels.
    public init(capacity: Int, lane: Int = 0, lanes: Int = 1) {
        precondition(capacity > 0 && (0..<lanes).contains(lane), "no counters, or no such lane")
        self.capacity = capacity
        nextLabel = UInt64(lane)
        labelStep = UInt64(lanes)
        heap.reserveCapacity(capacity)
        places.reserveCapacity(capacity)
    }

    /// The counters, the greatest first.
    public var counters: [Counter] {
        heap.map(\.counter).sorted { ($1.count, $0.label) < ($0.count, $1.label) }
    }

    public mutating func add(_ hash: UInt64) {
        samples += 1
        if let place = places[hash] {
            heap[place].counter.count += 1
            sink(place)
        } else if heap.count < capacity {
            heap.append(Entry(hash: hash, counter: newCounter(after: 0)))
            places[hash] = heap.count - 1
            rise(heap.count - 1)
        } else {
            places[heap[0].hash] = nil
            heap[0] = Entry(hash: hash, counter: newCounter(after: heap[0].counter.count))
            places[hash] = 0
            sink(0)
        }
    }

    private mutating func newCounter(after least: UInt64) -> Counter {
        defer { nextLabel += labelStep }
        return Counter(label: nextLabel, count: least + 1, error: least)
    }

    private mutating func rise(_ start: Int) {
        var place = start
        while place > 0, heap[place].counter.count < heap[(place - 1) / 2].counter.count {
            swap(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
    }

    private mutating func sink(_ start: Int) {
        var place = start
        while true {
            var least = place
            let children = 2 * place + 1..<min(2 * place + 3, max(heap.count, 2 * place + 1))
            for child in children where heap[child].counter.count < heap[least].counter.count {
                least = child
            }
            if least == place { return }
            swap(place, least)
            place = least
        }
    }

    private mutating func swap(_ one: Int, _ other: Int) {
        heap.swapAt(one, other)
        places[heap[one].hash] = one
        places[heap[other].hash] = other
    }
}
