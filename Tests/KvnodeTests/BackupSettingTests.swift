import Backup
import ObjectStorage
import Testing

@testable import kvnode

@Suite struct BackupSettingTests {
    @Test func defaults() throws {
        let backup = try Sources(yaml: "").configuration().backup
        #expect(backup.place == nil && backup.dailyAt == nil && backup.keyFile == nil)
        #expect(backup.settings.blockBytes == 1_024 && backup.settings.packBytes == 8 << 20)
        #expect(backup.settings.compressionLevel == 3 && backup.settings.maxBytesPerSecond == 32 << 20)
        #expect(backup.s3.region == nil && backup.s3.endpoint == nil && backup.s3.encryption == .none)
    }

    @Test func everythingSet() throws {
        let backup = try Sources(
            yaml: """
                backup:
                  to: s3://some-bucket/prefix
                  daily_at: "03:05"
                  key_file: key.hex
                  bytes_per_second: 0
                  block_bytes: 4096
                  pack_bytes: 1048576
                  compression_level: 0
                  s3_region: eu-central-1
                  s3_endpoint: "http://127.0.0.1:9000"
                  s3_encryption: aws:kms
                  s3_kms_key: alias/x
                  s3_timeout_ms: 1000
                  s3_retries: 2
                """
        ).configuration().backup
        #expect(backup.place == "s3://some-bucket/prefix" && backup.dailyAt?.minutes == 185)
        #expect(backup.keyFile == "key.hex" && backup.settings.maxBytesPerSecond == nil)
        #expect(backup.settings.blockBytes == 4_096 && backup.settings.packBytes == 1 << 20)
        #expect(backup.settings.compressionLevel == 0 && backup.s3.region == "eu-central-1")
        #expect(backup.s3.endpoint == "http://127.0.0.1:9000")
        #expect(backup.s3.encryption == .kms(keyID: "alias/x"))
        #expect(backup.s3.requestTimeout == .seconds(1) && backup.s3.maxRetries == 2)
    }

    @Test(arguments: [
        ("backup: {daily_at: '3:00', to: 'file:///x'}", "a time of the day"),
        ("backup: {daily_at: '24:00', to: 'file:///x'}", "a time of the day"),
        ("backup: {to: 'ftp://x'}", "s3://bucket/prefix"),
        ("backup: {to: 'file://x'}", "s3://bucket/prefix"),
        ("backup: {daily_at: '03:00'}", "backup.to is empty"),
        ("backup: {s3_kms_key: x}", "backup.s3_encryption"),
    ])
    func whatCannotBeIsSaid(yaml: String, words: String) {
        let error = #expect(throws: ConfigurationError.self) { try Sources(yaml: yaml).configuration() }
        #expect(error?.description.contains(words) == true)
    }

    @Test func theNextTimeOfTheDay() throws {
        let time = try #require(DailyTime("03:00"))
        // 2026-11-28, 02:59, 03:00 and 03:01.
        let midnight: UInt64 = 1_795_824_000_000
        let due = midnight + 3 * 3_600_000
        #expect(time.next(after: due - 60_000) == due)
        #expect(time.next(after: due) == due + 86_400_000)
        #expect(time.next(after: due + 60_000) == due + 86_400_000)
        #expect(time.name(of: due) == "2026-11-28-0300")
        // A leap day, and the first and last of a year.
        #expect(time.name(of: 1_709_175_600_000) == "2024-02-29-0300")
        #expect(time.name(of: 1_767_236_400_000) == "2026-01-01-0300")
        #expect(time.name(of: 1_767_150_000_000) == "2025-12-31-0300")
    }
}
