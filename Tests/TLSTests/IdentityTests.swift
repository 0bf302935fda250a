import Testing

@testable import TLS

@Suite struct IdentityTests {
    @Test func isReadAsItIsWritten() {
        for role in CertificateIdentity.Role.allCases {
            let identity = CertificateIdentity(cluster: "shop", role: role, name: "a.b-c_1")
            #expect(CertificateIdentity(uri: identity.uri) == identity)
        }
        #expect(CertificateIdentity(cluster: "shop", role: .node, name: "n").uri == "kvnode://shop/node/n")
    }

    @Test(arguments: [
        "", "kvnode://", "kvnode://shop", "kvnode://shop/node", "kvnode://shop/node/", "kvnode:///node/a",
        "kvnode://shop/king/a", "kvnode://shop/node/a/b", "kvnode://shop/node/a/", "spiffe://shop/node/a",
        "KVNODE://shop/node/a", "http://shop/node/a", " kvnode://shop/node/a",
    ])
    func isNothingElse(uri: String) { #expect(CertificateIdentity(uri: uri) == nil) }

    @Test func ruleSaysWhatIsWrong() {
        let rule = IdentityRule(cluster: "shop", role: .node, name: "a")
        func problem(_ cluster: String, _ role: CertificateIdentity.Role, _ name: String) -> String? {
            rule.problem(with: CertificateIdentity(cluster: cluster, role: role, name: name))
        }
        #expect(problem("shop", .node, "a") == nil)
        #expect(problem("other", .node, "a") == "it is of the cluster 'other', not of 'shop'")
        #expect(problem("shop", .client, "a") == "it is that of a client, not of a node")
        #expect(problem("shop", .node, "b") == "it is that of the node 'b', not of 'a'")
        #expect(rule.problem(with: nil) == "it names no node of a cluster of kvnode")
        let any = IdentityRule(cluster: "shop", role: .node)
        #expect(any.problem(with: CertificateIdentity(cluster: "shop", role: .node, name: "b")) == nil)
    }

    @Test func strangersNamesAreCutShort() {
        let rule = IdentityRule(cluster: "shop", role: .node)
        let long = CertificateIdentity(cluster: String(repeating: "x", count: 10_000), role: .node, name: "a")
        #expect(rule.problem(with: long)!.count < 200)
    }

    @Test(arguments: [
        ("127.0.0.1", [127, 0, 0, 1]), ("::1", [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
    ])
    func addresses(text: String, bytes: [UInt8]) {
        #expect(IPAddress(text)?.bytes == bytes)
        #expect(IPAddress(bytes: bytes)?.text == text)
    }

    @Test(arguments: ["", "localhost", "1.2.3", "1.2.3.4.5", "256.1.1.1", "[::1]"])
    func namesAreNoAddresses(text: String) { #expect(IPAddress(text) == nil) }
}
