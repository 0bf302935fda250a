import Backup
import ObjectStorage

extension NodeConfiguration {
    /// `backup.*`
    struct Backup: Sendable {
        /// Nil: none is set.
        var place: String?
        /// Nil: only when the node is told to.
        var dailyAt: DailyTime?
        var keyFile: String?
        /// Without the key.
        var settings: BackupSettings
        var s3: S3Configuration
    }
}

extension NodeConfiguration.Backup {
    init(_ values: EffectiveConfiguration) {
        func text(_ key: String) -> String? {
            let text = values.text(key)
            return text.isEmpty ? nil : text
        }
        place = text("backup.to")
        dailyAt = text("backup.daily_at").flatMap(DailyTime.init)
        keyFile = text("backup.key_file")
        let rate = values.int("backup.bytes_per_second")
        settings = BackupSettings(
            blockBytes: values.int("backup.block_bytes"), packBytes: values.int("backup.pack_bytes"),
            compressionLevel: values.int("backup.compression_level"),
            maxBytesPerSecond: rate == 0 ? nil : rate)
        s3 = S3Configuration(region: text("backup.s3_region"), endpoint: text("backup.s3_endpoint"))
        s3.requestTimeout = values.milliseconds("backup.s3_timeout_ms")
        s3.maxRetries = values.int("backup.s3_retries")
        s3.encryption = S3Configuration.Encryption(
            values.text("backup.s3_encryption"), key: text("backup.s3_kms_key"))
    }
}

extension S3Configuration.Encryption {
    init(_ name: String, key: String?) {
        switch name {
        case "AES256": self = .aes256
        case "aws:kms": self = .kms(keyID: key)
        default: self = .none
        }
    }
}
