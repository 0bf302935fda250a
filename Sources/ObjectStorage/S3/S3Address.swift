import Foundation

/// Where a bucket's requests go.
struct S3Address: Equatable {
    /// `https://host` or `https://host:port`.
    let origin: String
    /// As it stands in the header `Host`.
    let host: String
    /// Before the slash that a key follows: empty, or `/bucket`.
    private let folder: String

    /// - Throws: `invalidConfiguration` if the endpoint is no address.
    init(
        bucket: String, region: String, endpoint: String?, addressing: S3Configuration.Addressing
    ) throws(ObjectStoreError) {
        let (scheme, server) =
            if let endpoint { try Self.parts(of: endpoint) } else {
                ("https", "s3.\(region).\(Self.domain(of: region))")
            }
        let isByPath =
            switch addressing {
            case .automatic: endpoint != nil || bucket.contains(".")
            case .path: true
            case .virtualHosted: false
            }
        folder = isByPath ? "/\(bucket)" : ""
        host = isByPath ? server : "\(bucket).\(server)"
        origin = "\(scheme)://\(host)"
    }

    /// The path of an object's address, or the bucket's, percent-encoded.
    func path(of key: String?) -> String {
        guard let key else { return folder.isEmpty ? "/" : folder }
        return "\(folder)/\(PercentEncoding.encode(key, keepingSlashes: true))"
    }

    /// Of AWS's servers of a region.
    static func domain(of region: String) -> String {
        region.hasPrefix("cn-") ? "amazonaws.com.cn" : "amazonaws.com"
    }

    private static func parts(of endpoint: String) throws(ObjectStoreError) -> (scheme: String, host: String)
    {
        let isURL =
            URLComponents(string: endpoint).map { url in
                url.host?.isEmpty == false && url.user == nil && url.query == nil && url.fragment == nil
                    && (1...65_535).contains(url.port ?? 1)
                    && ["", "/"].contains(url.path)
            } ?? false
        for (scheme, port) in [("https", ":443"), ("http", ":80")]
        where endpoint.hasPrefix("\(scheme)://") && isURL {
            var host = String(endpoint.dropFirst("\(scheme)://".count))
            if host.hasSuffix("/") { host.removeLast() }
            // HTTP's clients leave it out, and what is signed must be what is sent.
            if host.hasSuffix(port) { host.removeLast(port.count) }
            return (scheme, host)
        }
        throw ObjectStoreError(
            .invalidConfiguration, "the endpoint \"\(endpoint)\" is no address such as \"https://host:port\"")
    }
}
