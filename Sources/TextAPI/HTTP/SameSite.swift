import NIOHTTP1

extension HTTPRequestHead {
    /// A browser sends along the name and password that its user gave this node, or comes from within the network that guards it,
    /// also when a page of another site has it send a request. It says then whose page that is (Fetch Standard, "Origin header";
    /// Fetch Metadata), and only the node's own may change anything. Programs say nothing of the kind.
    func checkOrigin() throws(Problem) {
        guard method != .GET, method != .HEAD, let origin = headers.first(name: "origin") else { return }
        // Where a proxy has changed the host, the browser still knows.
        let site = headers.first(name: "sec-fetch-site")
        if site == "same-origin" { return }
        let authority = origin.split(separator: "/", omittingEmptySubsequences: true).dropFirst().first
        guard site == nil, let host = headers.first(name: "host"),
            authority?.lowercased() == host.lowercased()
        else {
            throw Problem(.forbidden, "other_site", "a page of another site may not change anything here")
        }
    }
}
