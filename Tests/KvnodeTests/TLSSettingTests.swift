import TLS
import Testing

@testable import kvnode

@Suite struct TLSSettingTests {
    private static let node = "tls: {certificate: n.pem, key: n.key, trust_roots: ca.pem}"

    @Test func isOffUnlessAskedFor() throws {
        let configuration = try Sources(yaml: Self.node).configuration()
        #expect(configuration.peer.tls == nil)
        #expect(configuration.grpc.tls == nil)
        #expect(configuration.http.tls == nil)
        #expect(configuration.resp.tls == nil)
    }

    @Test func peersGoByTheNodesOwnFiles() throws {
        let files = try Sources(yaml: Self.node + "\npeer: {tls: true}").configuration().peer.tls
        #expect(
            files
                == CredentialFiles(
                    holder: .init(certificate: "n.pem", key: "n.key"), trustRoots: "ca.pem", revoked: nil))
        let revoked = try Sources(
            yaml: Self.node + "\npeer: {tls: true}", environment: ["KVNODE_TLS_REVOKED": "r.txt"]
        ).configuration().peer.tls?.revoked
        #expect(revoked == "r.txt")
    }

    @Test(arguments: ["grpc", "http", "resp"])
    func clientsSeeTheNodesCertificateOrThePortsOwn(port: String) throws {
        func tls(_ more: String) throws -> NodeConfiguration.ClientTLS? {
            let configuration = try Sources(yaml: Self.node + "\n\(port): {tls: true\(more)}").configuration()
            return switch port {
            case "grpc": configuration.grpc.tls
            case "http": configuration.http.tls
            default: configuration.resp.tls
            }
        }
        let shared = try tls("")
        #expect(shared?.files.holder == .init(certificate: "n.pem", key: "n.key"))
        #expect(shared?.files.trustRoots == nil)
        #expect(shared?.wantsCertificates == false)
        let own = try tls(", tls_certificate: p.pem, tls_key: p.key, tls_clients: certificate")
        #expect(own?.files.holder == .init(certificate: "p.pem", key: "p.key"))
        #expect(own?.files.trustRoots == "ca.pem")
        #expect(own?.wantsCertificates == true)
    }

    @Test(arguments: [
        ("peer: {tls: true}", "peer.tls is \"true\" (file test.yaml:1), but tls.certificate names no file"),
        (
            "tls: {certificate: a, key: b}\npeer: {tls: true}",
            "peer.tls is \"true\" (file test.yaml:2), but tls.trust_roots names no file"
        ),
        (
            "tls: {certificate: a}",
            "tls.certificate is \"a\" (file test.yaml:1) and tls.key is \"\" (default): they belong together"
        ),
        (
            "http: {tls: true, tls_key: b}",
            "http.tls_certificate is \"\" (default) and http.tls_key is \"b\" (file test.yaml:1): they belong together"
        ),
        ("resp: {tls: true}", "resp.tls is \"true\" (file test.yaml:1), but tls.certificate names no file"),
        (
            "grpc: {tls: true, tls_certificate: a, tls_key: b, tls_clients: certificate}",
            "grpc.tls_clients is \"certificate\" (file test.yaml:1), but tls.trust_roots names no file"
        ),
        (
            "http: {tls_clients: certificate}",
            "http.tls_clients is \"certificate\" (file test.yaml:1), but http.tls is \"false\" (default)"
        ),
    ])
    func halfASettingIsAnError(yaml: String, problem: String) throws {
        let problems = try Sources(yaml: yaml).problems()
        #expect(problems.contains(problem), "\(problems)")
    }

    @Test func settingsOfOneGroupStandTogether() {
        var groups: [String] = []
        for setting in SettingTable().settings where groups.last != setting.components[0] {
            groups.append(setting.components[0])
        }
        #expect(Set(groups).count == groups.count, "\(groups)")
    }

    @Test(arguments: [
        ("127.0.0.1", true), ("255.1.2.3", true), ("256.1.2.3", false), ("1.2.3", false), ("a.b.c.d", false),
        ("1..2.3", false), ("localhost", false),
    ])
    func addressesAreToldFromNames(host: String, isIPv4: Bool) {
        #expect(HostPort(host: host, port: 1).isIPv4 == isIPv4)
    }
}
