import Access
import Instruments

/// What is told of the rights of users.
enum AccessMetrics {
    static let refusals = MetricDefinition(
        "kvnode_access_refusals", .counter, labels: ["protocol", "reason"],
        "Logins and requests that were refused: `wrong_credential`, the password or token is no user's; `too_many_logins`, too many passwords were being looked at; `no_user`, nobody has said who asks; `no_role`, the user may not; `rate_limit`, the user may, but not so often. All 0 where the node knows no users."
    )

    static let definitions = [refusals]

    /// Has each reading tell of this authorization point.
    static func collect(_ access: AccessControl, in registry: MetricRegistry) {
        registry.collect(definitions) { reading in
            let counts = access.refusals
            for clientProtocol in ClientProtocol.allCases {
                for reason in Refusal.allCases {
                    reading.add(
                        refusals, [clientProtocol.rawValue, reason.rawValue], counts[clientProtocol, reason])
                }
            }
        }
    }
}
