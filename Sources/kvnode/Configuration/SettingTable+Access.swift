/// The settings of who may use the node.
extension SettingTable {
    static let access: [Setting] = [
        Setting(
            "insecure", .bool, .bool(false),
            "Whether ports that lack users or TLS may be open to other machines; without it they are for this machine alone."
        ),
        Setting(
            "access.users_file", .optionalPath, .text(""),
            "The file of users, made by kvnode user; empty: the node knows none, and anybody may do anything."
        ),
        Setting(
            "access.reload_interval_ms", .int(100...3_600_000), .int(1_000),
            "How often it is looked whether the users file has changed."),
        Setting(
            "access.verification_threads", .int(1...64), .int(1),
            "Passwords that are hashed at a time, each with 16 MiB of memory by default."),
        Setting(
            "access.max_pending_verifications", .int(1...100_000), .int(32),
            "Passwords that are hashed or wait for it; logins beyond them are refused as overloaded."),
        Setting(
            "access.max_remembered_passwords", .int(0...1_000_000), .int(1_024),
            "Passwords known to be right, which need not be hashed again; 0 hashes each time."),
        Setting(
            "access.max_refusals_logged_per_second", .int(0...1_000_000), .int(10),
            "Refusals that have a line of their own in the audit log; of others their number is told."),
    ]
}
