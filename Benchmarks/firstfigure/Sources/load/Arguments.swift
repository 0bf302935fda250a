/// `--name value` pairs.
struct Arguments {
    let isSession: Bool
    let workload: Workload
    let ports: [UInt16]
    let connections: Int
    let seconds: Double
    /// Puts write the keys from here on.
    let first: Int
    /// Gets read keys below this number.
    let below: Int
    let valueSize: Int
    /// The most operations; nil for as many as the time allows.
    let count: Int?
    /// Operations a second over all connections; nil for as many as they can.
    let rate: Double?
    /// Whether a connection that breaks goes on at the next port; it ends the run otherwise.
    let reconnects: Bool
    /// Whether the run ends as soon as standard input does.
    let followsInput: Bool
    /// Where to write a line for each operation.
    let trace: String?

    static let usage = """
        load --protocol http|session --operation put|get|mixed --ports P,P,P --connections N --seconds S --first N
             --value-size N [--below N, else first] [--count N] [--rate N] [--reconnect yes|no] [--follow-input yes|no]
             [--trace FILE]
        """

    init?(_ words: some Collection<String>) {
        var values: [String: String] = [:]
        var rest = Array(words)[...]
        while let name = rest.popFirst(), let value = rest.popFirst() { values[name] = value }
        guard let proto = values["--protocol"], ["http", "session"].contains(proto),
            let workload = values["--operation"].flatMap(Workload.init),
            let ports = values["--ports"]?.split(separator: ",").map({ UInt16($0) }), !ports.contains(nil),
            let connections = values["--connections"].flatMap({ Int($0) }), connections > 0,
            let seconds = values["--seconds"].flatMap({ Double($0) }), (0.1...600).contains(seconds),
            let first = values["--first"].flatMap({ Int($0) }), first >= 0,
            let below = Self.optional(values["--below"], { Int($0) }),
            below ?? first >= (workload == .get ? 1 : 0),
            let valueSize = values["--value-size"].flatMap({ Int($0) }), (0...(32 << 10)).contains(valueSize),
            let count = Self.optional(values["--count"], { Int($0) }), count ?? 1 > 0,
            let rate = Self.optional(values["--rate"], { Double($0) }), rate ?? 1 > 0,
            ["yes", "no"].contains(values["--reconnect", default: "no"]),
            ["yes", "no"].contains(values["--follow-input", default: "no"])
        else { return nil }
        isSession = proto == "session"
        self.workload = workload
        self.ports = ports.compactMap(\.self)
        self.connections = connections
        self.seconds = seconds
        self.first = first
        self.below = below ?? first
        self.valueSize = valueSize
        self.count = count
        self.rate = rate
        reconnects = values["--reconnect"] == "yes"
        followsInput = values["--follow-input"] == "yes"
        trace = values["--trace"]
    }

    /// The number, or nil within if none was given; nil if what was given is none.
    private static func optional<Number>(_ text: String?, _ parse: (String) -> Number?) -> Number?? {
        guard let text else { return .some(nil) }
        guard let number = parse(text) else { return .none }
        return .some(number)
    }
}
