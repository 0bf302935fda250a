/// The settings of backups.
extension SettingTable {
    static let backup: [Setting] = [
        Setting(
            "backup.to", .optionalPlace, .text(""),
            "Where backups go: s3://bucket/prefix, or file:///folder as this node sees it; empty: where kvnode backup create says."
        ),
        Setting(
            "backup.daily_at", .optionalTime, .text(""),
            "When the node makes its part of a backup each day, HH:MM in UTC, the same on all nodes; empty: when it is told to."
        ),
        Setting(
            "backup.key_file", .optionalPath, .text(""),
            "What backups are encrypted with before they leave the node: a file with 64 hexadecimal digits (openssl rand -hex 32); empty: not encrypted. Whoever loses it has lost the backups."
        ),
        Setting(
            "backup.bytes_per_second", .int(0...1_000_000_000_000), .int(32 << 20),
            "Bytes of keys and states that are read in a second, at most; 0: as fast as they come."),
        Setting(
            "backup.block_bytes", .int(256...(1 << 20)), .int(1 << 10),
            "Bytes of keys and states that are compared with the last backup as one, on average: with larger ones a backup has fewer things to keep account of, with smaller ones less is sent for a key that has changed."
        ),
        Setting(
            "backup.pack_bytes", .int((1 << 20)...(256 << 20)), .int(8 << 20),
            "Bytes from which on what is new is sent as an object; a backup takes some three times as many of memory."
        ),
        Setting(
            "backup.compression_level", .int(0...19), .int(3), "As zstd counts them; 0: not compressed."),
        Setting(
            "backup.s3_region", .text, .text(""),
            "The bucket's region; empty: AWS_REGION or AWS_DEFAULT_REGION of the environment."),
        Setting(
            "backup.s3_endpoint", .optionalURL, .text(""),
            "Where S3 is, if it is not AWS's: http://127.0.0.1:9000; empty: AWS's of the region."),
        Setting(
            "backup.s3_encryption", .choice(["bucket", "AES256", "aws:kms"]), .text("bucket"),
            "With what S3 encrypts objects: the bucket's default, keys of S3's own, or a key of AWS KMS."),
        Setting(
            "backup.s3_kms_key", .text, .text(""),
            "The ID or ARN of the key, for aws:kms; empty: the account's key for S3."),
        Setting(
            "backup.s3_timeout_ms", .int(100...3_600_000), .int(60_000),
            "How long one request to S3 may take."),
        Setting(
            "backup.s3_retries", .int(0...100), .int(5), "How often a request to S3 is tried again."),
    ]
}
