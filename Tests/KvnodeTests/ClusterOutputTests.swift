import Messages
import SwiftProtobuf
import Testing

@testable import kvnode

@Suite struct ClusterOutputTests {
    private func member(
        _ name: String, _ role: Kvnode_V1_MemberStatus.Role = .up, connected: Bool = true
    ) -> Kvnode_V1_MemberStatus {
        .with {
            $0.member = .with {
                $0.name = name
                $0.address = "\(name):1"
                $0.weight = 1
            }
            $0.role = role
            $0.connected = connected
            $0.liveness = connected ? .alive : .down
            $0.partitions = 8
            $0.partitionsAfter = 4
        }
    }

    private func status(_ members: [Kvnode_V1_MemberStatus]) -> Kvnode_V1_ClusterStatus {
        .with {
            $0.cluster = "shop"
            $0.node = "a"
            $0.layoutVersion = 3
            $0.partitions = 16
            $0.replication = 3
            $0.servesReads = true
            $0.members = members
        }
    }

    @Test func allIsWell() {
        let report = StatusReport(status([member("a"), member("b")]))
        #expect(report.problems.isEmpty)
        #expect(
            report.text == """
                cluster shop as a sees it: layout version 3, 2 members, 16 partitions of 3 replicas
                all is well

                member  role  connected  gossip  engine  version  zone  weight  partitions  address
                a       up    yes        alive   -       -        -     1       8           a:1
                b       up    yes        alive   -       -        -     1       8           b:1

                """)
    }

    @Test func whatTheEngineCannotDoComesFirst() {
        func problems(_ state: Kvnode_V1_EngineStatus.State) -> [String] {
            var status = status([member("a"), member("b", connected: false)])
            status.engine = .with {
                $0.state = state
                $0.failedReads = 2
                $0.error = "corruption: a damaged block (/data/engine)"
            }
            return StatusReport(status).problems
        }
        let words = "corruption: a damaged block (/data/engine)"
        #expect(problems(.ok).count == 1)
        #expect(
            problems(.damaged)[0]
                == "a cannot read all that it has stored: 2 reads failed since its start, the last with \(words); "
                + "kvnode engine repair")
        #expect(problems(.full)[0] == "a has no room for writes: \(words)")
        #expect(problems(.failed)[0] == "a cannot write: \(words)")
    }

    @Test func clocksThatDifferAreTold() {
        var status = status([member("a")])
        status.refusedTimestamps = 3
        status.furthestAheadMs = 7_200_000
        let report = StatusReport(status)
        #expect(report.problems.isEmpty)
        #expect(
            report.text.contains(
                "3 writes met since the start that were stamped up to 2 h 0 min ahead of a's clock: set the clocks\n"
            ))
    }

    @Test func whatIsNoProblemIsTold() {
        var one = member("b", connected: false)
        one.liveness = .alive
        var status = status([member("a"), one])
        status.candidates = [
            .with {
                $0.name = "d"
                $0.address = "d:1"
                $0.zone = "z"
                $0.weight = 2
            }
        ]
        status.antiEntropy = .with {
            $0.trees = 16
            $0.treesComplete = 4
            $0.peers = [
                .with {
                    $0.node = "b"
                    $0.keysDiffering = 2
                    $0.keysRepairedHere = 1
                    $0.keysRepairedThere = 2
                }
            ]
        }
        let report = StatusReport(status)
        #expect(report.problems == ["b (b:1) is not connected to a, but others reach it"])
        for line in [
            "hash trees are being built: 4 of 16 are complete",
            "comparing replicas found 2 differences since the start, and mended 3 copies",
            "d waits to join: kvnode cluster join 'd@d:1;zone=z;weight=2'",
        ] { #expect(report.text.contains(line + "\n")) }
    }

    @Test func theWorstComesFirst() {
        var status = status([
            member("a"), member("b", .lost, connected: false), member("c", .leaving, connected: false),
            member("d", .joining),
        ])
        status.servesReads = false
        status.change = .with {
            $0.version = 4
            $0.stage = .filling
            $0.awaiting = ["a", "c"]
        }
        status.hints = .with {
            $0.targets = [
                .with {
                    $0.node = "c"
                    $0.count = 2
                    $0.bytes = 1536
                    $0.oldestAgeMs = 65_000
                }
            ]
            $0.unkept = 1
        }
        status.filling = .with {
            $0.partitions = 8
            $0.partitionsLeft = 2
            $0.rows = 1
            $0.bytes = 3 << 20
            $0.seconds = 2
            $0.secondsLeft = 90
        }
        #expect(
            StatusReport(status).problems == [
                "a is not read from before it has copied what its disk may lack",
                "b (b:1) is not connected to a", "c (c:1) is not connected to a",
                "b is declared lost, and not read from until it has copied what it may lack",
                "the change to layout version 4 is copying, it waits for a, c; if c is dead: kvnode cluster lost c",
                "2 hints kept for c: 1.5 KiB, the oldest 1 min 5 s old",
                "1 write found no room for a hint since the start",
                "a copies: 2 of 8 partitions left, 1 key, 3.0 MiB, 1.5 MiB a second, about 1 min 30 s left",
            ])
        #expect(StatusReport(status).members.contains("partitions  after  address"))
    }

    @Test func aNodeThatKnowsNoLayoutSaysHowItJoins() {
        var status = status([member("b", connected: false)])
        status.layoutVersion = 0
        let report = StatusReport(status)
        #expect(report.problems.first == "a has not heard of the cluster: have it join, asking a member")
        #expect(report.text.hasPrefix("cluster shop as a sees it: no layout known\n"))
    }

    @Test func plansAndRingsAreTables() {
        let plan = Kvnode_V1_LayoutPlan.with {
            $0.expectedVersion = 3
            $0.version = 4
            $0.partitionsMoved = 1
            $0.replicasMoved = 2
            $0.warnings = ["careful"]
            $0.shares = [
                .with {
                    $0.node = "a"
                    $0.before = 8
                    $0.after = 7
                    $0.gained = 1
                }
            ]
        }
        #expect(
            PlanText.of(plan) == """
                layout version 3 to 4: 2 replicas to copy, of 1 partition
                ! careful

                member  partitions  after  to copy  to give up
                a       8           7      1        2

                """)
        let ring = Kvnode_V1_RingResponse.with {
            $0.partition = 1
            $0.firstHash = 1 << 60
            $0.lastHash = 2 << 60 - 1
            $0.replicas = ["a", "b"]
            $0.replicasAfter = ["b", "d"]
        }
        #expect(
            RingCommand.text(ring) == """
                partition 1, hashes 1000000000000000 to 1fffffffffffffff
                replicas a, b
                after    b, d

                """)
    }

    @Test func whatIsStagedIsSaidInWords() {
        let staged: [Kvnode_V1_StagedRole] = [
            .with {
                $0.node = "b"
                $0.absent = true
            },
            .with {
                $0.node = "d"
                $0.member.address = "d:1"
                $0.member.zone = "z"
                $0.member.weight = 1.5
            },
        ]
        #expect(StatusReport.inWords(staged) == "b leaves; d at d:1, zone z, weight 1.5")
        #expect(StagedText.of([]) == "nothing is staged\n")
    }

    @Test func jsonHasTheFieldsNamesAndNumbers() throws {
        let text = try ProtoJSON.text(status([member("a")]))
        #expect(text.contains("\"layout_version\":3") && text.contains("\"role\":\"ROLE_UP\""))
    }

    @Test(
        arguments: [
            (0.0, "0 B", "0.0 s"), (1023.0, "1023 B", "17 min 3 s"), (1536.0, "1.5 KiB", "25 min 36 s"),
            (59.0, "59 B", "59 s"), (3_145_728.0, "3.0 MiB", "873 h 48 min"),
            (4000.0, "3.9 KiB", "1 h 6 min"),
        ] as [(Double, String, String)])
    func quantities(value: Double, bytes: String, duration: String) {
        #expect(Quantity.bytes(value) == bytes)
        #expect(Quantity.duration(seconds: value) == duration)
    }

    @Test func changedLevelsOfTheLogAreTold() {
        var status = status([member("a")])
        status.changedLogLevels = [
            .with {
                $0.logger = "audit"
                $0.level = "debug"
                $0.changed = true
                $0.endsInMs = 120_000
            },
            .with {
                $0.logger = "peers"
                $0.level = "trace"
                $0.changed = true
            },
        ]
        let text = StatusReport(status).text
        #expect(text.contains("log levels are changed: audit debug, as configured again in "))
        #expect(text.contains("; peers trace, as configured again with the next start\n"))
        let levels = Kvnode_V1_LogLevels.with {
            $0.configured = "info"
            $0.loggers = [
                .with {
                    $0.logger = "audit"
                    $0.level = "info"
                }
            ]
        }
        #expect(LogLevelText.of(levels).hasPrefix("log.level is configured as info\n\nlogger"))
        #expect(LogLevelText.end(of: levels.loggers[0]) == "-")
    }

    @Test func spansOfTimeHaveAUnit() {
        let spans = ["250ms": 250, "30s": 30_000, "10m": 600_000, "2h": 7_200_000]
        for (text, expected) in spans { #expect(TimeSpan(argument: text)?.milliseconds == UInt64(expected)) }
        for text in [
            "", "10", "m", "0s", "-1s", "1.5h", "1d", "99999999999999999999s", "9999999999999999999h",
        ] {
            #expect(TimeSpan(argument: text) == nil, "\(text)")
        }
    }
}
