/// `--name value` pairs; every one is needed.
struct Arguments {
    let isSession: Bool
    let operation: Operation
    let ports: [UInt16]
    let connections: Int
    let seconds: Double
    /// Puts write the keys from `first` on; gets read keys below it.
    let first: Int
    let valueSize: Int

    static let usage = """
        load --protocol http|session --operation put|get --ports P,P,P --connections N --seconds S --first N --value-size N
        """

    init?(_ words: some Collection<String>) {
        var values: [String: String] = [:]
        var rest = Array(words)[...]
        while let name = rest.popFirst(), let value = rest.popFirst() { values[name] = value }
        guard let proto = values["--protocol"], ["http", "session"].contains(proto),
            let operation = values["--operation"].flatMap(Operation.init),
            let ports = values["--ports"]?.split(separator: ",").map({ UInt16($0) }), !ports.contains(nil),
            let connections = values["--connections"].flatMap({ Int($0) }), connections > 0,
            let seconds = values["--seconds"].flatMap({ Double($0) }), (0.1...600).contains(seconds),
            let first = values["--first"].flatMap({ Int($0) }), first >= (operation == .get ? 1 : 0),
            let valueSize = values["--value-size"].flatMap({ Int($0) }), (0...(32 << 10)).contains(valueSize)
        else { return nil }
        isSession = proto == "session"
        self.operation = operation
        self.ports = ports.compactMap(\.self)
        self.connections = connections
        self.seconds = seconds
        self.first = first
        self.valueSize = valueSize
    }
}
