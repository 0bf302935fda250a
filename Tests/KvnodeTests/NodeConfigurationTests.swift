import Cluster
import ClusterCore
import Credentials
import Engine
import Logging
import NIOCore
import Testing

@testable import kvnode

@Suite struct NodeConfigurationTests {
    @Test func theTypedFormHasWhatTheSourcesSay() throws {
        let yaml = """
            node: {name: b, data_directory: /d, event_loops: 3}
            cluster: {name: c, members: [a@h:1;zone=x, b@h:2;weight=2, d@h:3], partitions: 64, replication: 2}
            buckets: {r: 1, conflict: last-write-wins, quorum: sloppy, ttl_seconds: 9}
            engine: {durability: synced, reader_threads: 5, row_cache_bytes: 6, toy: {cache_bytes: 77, fast: false, compression: lz4}}
            requests: {timeout_ms: 10, max_value_bytes: 1000, read_fanout: quorum, hedge_ms: 3, workload_sample_every: 5}
            insecure: true
            peer: {listen: "0.0.0.0:1", backoff_min_ms: 5, backoff_max_ms: 6, keepalive_ms: 700}
            grpc: {listen: "[::]:2", max_session_in_flight: 8}
            http: {listen: "x:3", idle_timeout_ms: 900}
            resp: {listen: "y:4", bucket: cache, max_arguments: 30, max_in_flight: 31, idle_timeout_ms: 32}
            log: {level: debug, format: json, max_queued_bytes: 70000, repeat_interval_ms: 200, slow_request_ms: 7, max_slow_requests_per_second: 3}
            shutdown: {timeout_ms: 4}
            """
        let node = try Sources(yaml: yaml).configuration()
        #expect(node.node.name == "b" && node.node.dataDirectory == "/d" && node.node.eventLoops == 3)
        #expect(node.cluster.name == "c" && node.cluster.partitions == 64 && node.cluster.replication == 2)
        #expect(
            node.cluster.members == [
                Member(name: "a", address: "h:1", zone: "x"), Member(name: "b", address: "h:2", weight: 2),
                Member(name: "d", address: "h:3"),
            ])
        #expect(
            node.bucketDefaults
                == BucketProperties(n: 2, r: 1, w: 2, policy: .lastWriteWins, quorum: .sloppy, ttlSeconds: 9))
        #expect(
            node.engine.type == "toy" && node.engine.durability == .synced && node.engine.readerThreads == 5)
        #expect(node.engine.rowCacheBytes == 6)
        #expect(node.engine.options.int("cache_bytes") == 77 && !node.engine.options.bool("fast"))
        #expect(node.engine.options.choice("compression") == "lz4")
        #expect(node.requests.timeout == .milliseconds(10) && node.requests.maxValueBytes == 1000)
        #expect(node.requests.readFanout == .quorum && node.requests.hedgeDelay == .milliseconds(3))
        #expect(
            node.peer.listen == HostPort(host: "0.0.0.0", port: 1)
                && node.peer.keepalive == .milliseconds(700))
        #expect(node.peer.backoffMin == .milliseconds(5) && node.peer.backoffMax == .milliseconds(6))
        #expect(node.grpc.listen == HostPort(host: "::", port: 2) && node.grpc.maxSessionInFlight == 8)
        #expect(node.requests.workloadSampleEvery == 5)
        #expect(
            node.http.listen == HostPort(host: "x", port: 3) && node.http.idleTimeout == .milliseconds(900))
        #expect(node.resp.listen == HostPort(host: "y", port: 4) && node.resp.bucket == "cache")
        #expect(node.resp.maxArguments == 30 && node.resp.maxInFlight == 31)
        #expect(node.resp.idleTimeout == .milliseconds(32))
        #expect(node.log.level == .debug && node.log.format == .json && node.log.maxQueuedBytes == 70_000)
        #expect(node.log.repeatInterval == .milliseconds(200))
        #expect(
            node.log.slowRequests == SlowRequestSettings(threshold: .milliseconds(7), maxPerSecond: 3))
        #expect(node.shutdownTimeout == .milliseconds(4))
    }

    @Test func hintsAndLayoutsHaveWhatTheSourcesSay() throws {
        let yaml = """
            handoff:
              {max_count_per_target: 1, max_bytes_per_target: 2, max_bytes: 3, when_full: refuse, max_age_ms: 4000,
              max_hints_in_flight: 5, max_bytes_in_flight: 6000, bytes_per_second: 7000, page_hints: 8,
              max_attempts: 9, retry_delay_ms: 10, max_targets_at_once: 11, interval_ms: 120, timeout_ms: 13,
              fallback_delay_ms: 14}
            layout:
              {fill_bytes_per_second: 5001, fill_concurrency: 2, fill_page_bytes: 5003, fill_retry_ms: 4,
              fill_comparisons: 9, fill_percent: 50, fill_max_failures: 12,
              max_retries: 5, retry_pause_ms: 6, news_interval_ms: 70, founding_grace_ms: 8}
            cluster: {auto_commit: true, auto_commit_delay_ms: 1234}
            """
        let node = try Sources(yaml: yaml).configuration()
        let handoff = node.handoff
        #expect(
            handoff.limits == HintLedger.Limits(maxCountPerTarget: 1, maxBytesPerTarget: 2, maxBytes: 3))
        #expect(handoff.whenFull == .refuse && handoff.maxTargetsAtOnce == 11)
        #expect(
            handoff.sending
                == HandoffSender.Limits(
                    maxHintsInFlight: 5, maxBytesInFlight: 6000, bytesPerSecond: 7000, pageSize: 8,
                    maxAttempts: 9, retryDelayMillis: 10, maxAgeMillis: 4000))
        #expect(handoff.interval == .milliseconds(120) && handoff.timeout == .milliseconds(13))
        #expect(handoff.fallbackDelay == .milliseconds(14))
        #expect(
            node.layouts.fill
                == PartitionFill.Limits(
                    concurrency: 2, maxComparisons: 9, pageBytes: 5003, bytesPerSecond: 5001, percent: 50,
                    retryPause: 4, maxFailures: 12))
        #expect(node.layouts.maxRetries == 5 && node.layouts.retryPause == .milliseconds(6))
        #expect(node.layouts.newsInterval == .milliseconds(70))
        #expect(node.layouts.foundingGrace == .milliseconds(8))
        #expect(node.layouts.autoCommitDelay == .milliseconds(1234))
    }

    @Test func whoMayUseTheNode() throws {
        let none = try Sources().configuration().access
        #expect(none.usersFile == nil && none.exposures.isEmpty)
        let yaml = """
            access:
              {users_file: /run/users.yaml, reload_interval_ms: 200, verification_threads: 3,
              max_pending_verifications: 4, max_remembered_passwords: 5, max_refusals_logged_per_second: 6}
            """
        let access = try Sources(yaml: yaml).configuration().access
        #expect(access.usersFile == "/run/users.yaml" && access.reloadInterval == .milliseconds(200))
        #expect(access.limits.threads == 3 && access.limits.maxPending == 4)
        #expect(access.limits.maxRemembered == 5 && access.maxRefusalsLoggedPerSecond == 6)
    }

    @Test func theDefaultsOfHintsAndLayoutsAreTheirTypes() throws {
        let node = try Sources().configuration()
        #expect(node.handoff.limits == HintLedger.Limits() && node.handoff.sending == HandoffSender.Limits())
        #expect(node.layouts.fill == PartitionFill.Limits() && node.layouts.autoCommitDelay == nil)
    }

    @Test func aNodeWithoutMembersIsItsOwnCluster() throws {
        let node = try Sources().configuration(processors: 6)
        #expect(node.cluster.members == [Member(name: "node0", address: "127.0.0.1:7401")])
        #expect(node.node.eventLoops == 3)
        #expect(node.peer.listen.host == "127.0.0.1" && node.grpc.listen.host == "127.0.0.1")
        #expect(node.http.listen.host == "127.0.0.1")
    }

    @Test func theReportIsAConfigurationThatGivesTheSameValues() throws {
        let yaml =
            "node: {data_directory: \"/a \\\"b\\\\\\t#\"}\ncluster: {members: [node0@h:1, b@h:2;zone=z]}"
        let values = try Sources(yaml: yaml).values()
        let report = ConfigurationReport(values: values)
        #expect(report.yaml.contains("partitions: 256"))
        #expect(report.yaml.contains("# file test.yaml:1"))
        let again = try Sources(yaml: report.yaml).values()
        #expect(again.entries.map(\.value) == values.entries.map(\.value))
        #expect(again.entries.allSatisfy { $0.origin.kind == "file" })
    }
}
