import Load

/// A cluster that is running, in the words of the command line: NAME=HOST:PORT,HOST:PORT, or without a name if it is the only one.
struct Endpoints: Equatable {
    /// What is wrong with the words.
    struct Mistake: Error, Equatable, CustomStringConvertible {
        var description: String
    }

    /// Where a node's HTTP is, if nobody says otherwise.
    static let httpPort: UInt16 = 7402

    var name: String
    var servers: [Server]

    init(_ text: String) throws {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        name = parts.count == 2 ? String(parts[0]) : "cluster"
        guard !name.isEmpty else { throw Mistake(description: "\"\(text)\" has an empty name") }
        servers = try parts.last!.split(separator: ",", omittingEmptySubsequences: false).map(Self.server)
        guard Set(servers).count == servers.count else {
            throw Mistake(description: "\"\(text)\" names a server twice")
        }
    }

    /// HOST:PORT, where a host with colons of its own stands in brackets.
    private static func server(_ text: Substring) throws -> Server {
        let colon = text.lastIndex(of: ":") ?? text.startIndex
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            host = ""
        }
        guard !host.isEmpty, let port = UInt16(text[colon...].dropFirst()), port > 0 else {
            throw Mistake(description: "\"\(text)\" is no HOST:PORT")
        }
        return Server(host: String(host), port: port)
    }

    /// The HTTP of each cluster: what is said, or what can be guessed.
    ///
    /// - Parameter speaksHTTP: Whether the clusters' own servers do.
    static func http(
        of clusters: [Endpoints], said: [Endpoints], speaksHTTP: Bool
    ) throws -> [Server] {
        for one in said where !clusters.contains(where: { $0.name == one.name }) {
            throw Mistake(description: "--http names \(one.name), which --endpoints doesn't")
        }
        return clusters.map { cluster in
            if let one = said.first(where: { $0.name == cluster.name }) { return one.servers[0] }
            return speaksHTTP ? cluster.servers[0] : Server(host: cluster.servers[0].host, port: httpPort)
        }
    }
}
