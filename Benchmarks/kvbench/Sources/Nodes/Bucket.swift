/// A bucket of kvnode, and what is said of it.
public struct Bucket {
    private let name: String
    private let properties: String

    public init(name: String, n: Int, r: Int, w: Int, keepsSiblings: Bool) {
        self.name = name
        let conflict = keepsSiblings ? "siblings" : "last-write-wins"
        properties = #"{"n": \#(n), "r": \#(r), "w": \#(w), "conflict": "\#(conflict)"}"#
    }

    /// Has a node, whose HTTP is there, set them for all.
    public func set(host: String, port: UInt16) throws {
        let reply = try Probe.http(
            "PUT", "/v1/buckets/\(name)/properties", body: properties, host: host, port: port)
        guard reply.status == 200 else { throw Probe.Failure(description: "properties: \(reply.body)") }
    }
}
