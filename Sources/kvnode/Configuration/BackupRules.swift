/// What must hold between the settings of backups.
struct BackupRules {
    var values: EffectiveConfiguration

    /// One line for each rule that doesn't hold.
    var problems: [String] {
        var problems: [String] = []
        if !values.text("backup.daily_at").isEmpty, values.text("backup.to").isEmpty {
            problems.append(
                "\(values.shown("backup.daily_at")), but backup.to is empty: where do backups go?")
        }
        if !values.text("backup.s3_kms_key").isEmpty, values.text("backup.s3_encryption") != "aws:kms" {
            problems.append(
                "\(values.shown("backup.s3_kms_key")), but \(values.shown("backup.s3_encryption")), which has no key of ours"
            )
        }
        return problems
    }
}
