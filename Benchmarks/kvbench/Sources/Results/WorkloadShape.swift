/// What clients asked of a running cluster, in numbers: what `kvbench record` writes and `kvbench replay` reads.
public struct WorkloadShape: Codable, Equatable, Sendable {
    /// Of this file. Another is not read.
    public static let format = 1

    public var format = WorkloadShape.format
    /// When the recording began, in ISO 8601.
    public var begun: String
    /// Nodes that were asked.
    public var nodes: Int
    public var seconds: Double
    public var operations: Operations
    /// Of gets, the part that found no value.
    public var notFound: Double
    /// Sizes of the keys that were asked for.
    public var keyBytes: [Sizes]
    /// Sizes of the values that were put.
    public var valueBytes: [Sizes]
    /// How many keys lists asked for.
    public var listLimits: [Sizes]
    /// About how many different keys were asked for since the nodes' start; 0 if none was.
    public var keys: Int
    public var popularity: Popularity

    public struct Operations: Codable, Equatable, Sendable {
        public var get: Int
        public var put: Int
        public var delete: Int
        /// Of counters, sets, maps and times to live.
        public var update: Int
        public var list: Int

        public init(get: Int = 0, put: Int = 0, delete: Int = 0, update: Int = 0, list: Int = 0) {
            self.get = get
            self.put = put
            self.delete = delete
            self.update = update
            self.list = list
        }

        public var all: Int { put + get + delete + update + list }
        /// Those that are for one key.
        public var ofKeys: Int { all - list }
    }

    /// Those between two powers of two.
    public struct Sizes: Codable, Equatable, Sendable {
        public var from: Int
        public var to: Int
        public var count: Int
        public var mean: Double

        public init(from: Int, to: Int, count: Int, mean: Double) {
            self.from = from
            self.to = to
            self.count = count
            self.mean = mean
        }
    }

    /// How unevenly the keys were asked for.
    public struct Popularity: Codable, Equatable, Sendable {
        /// Of Zipf's law: the key of rank i has a share in proportion to i^-exponent. 0 if all keys are alike, as far as can be told.
        public var exponent: Double
        /// Requests that it was found by.
        public var samples: Int
        /// How likely two requests are for the same key: what the exponent is fitted to.
        public var coincidence: Double
        /// Of all requests, the parts that the keys asked for most have, the greatest first.
        public var shares: [Double]

        public init(exponent: Double, samples: Int, coincidence: Double, shares: [Double]) {
            self.exponent = exponent
            self.samples = samples
            self.coincidence = coincidence
            self.shares = shares
        }
    }

    public init(
        begun: String, nodes: Int, seconds: Double, operations: Operations, notFound: Double,
        keyBytes: [Sizes], valueBytes: [Sizes], listLimits: [Sizes], keys: Int, popularity: Popularity
    ) {
        self.begun = begun
        self.nodes = nodes
        self.seconds = seconds
        self.operations = operations
        self.notFound = notFound
        self.keyBytes = keyBytes
        self.valueBytes = valueBytes
        self.listLimits = listLimits
        self.keys = keys
        self.popularity = popularity
    }

    /// Operations a second, over all nodes.
    public var rate: Double { Double(operations.all) / seconds }
}

extension [WorkloadShape.Sizes] {
    /// Nil of none.
    public var mean: Double? {
        let count = reduce(0) { $0 + $1.count }
        return count == 0 ? nil : reduce(0) { $0 + $1.mean * Double($1.count) } / Double(count)
    }
}
