import ArgumentParser
import Foundation
import GRPCCore
import KVNodeClient
import Testing

@testable import kvnode

@Suite struct ClientOutputTests {
    @Test(arguments: [
        (RPCError.Code.unavailable, "UNAVAILABLE", ExitCode.unavailable),
        (.deadlineExceeded, "DEADLINE_EXCEEDED", .unavailable),
        (.resourceExhausted, "RESOURCE_EXHAUSTED", .unavailable),
        (.failedPrecondition, "FAILED_PRECONDITION", .conditionFailed),
        (.invalidArgument, "INVALID_ARGUMENT", .usage),
        (.internalError, "INTERNAL", .failure),
        (.unimplemented, "UNIMPLEMENTED", .failure),
    ])
    func failuresHaveTheirExitCode(code: RPCError.Code, name: String, exit: ExitCode) {
        let failure = ClientFailure(RPCError(code: code, message: "m"), endpoint: "h:1")
        #expect(failure.code == name)
        #expect(failure.exitCode == exit)
    }

    @Test func failuresSayHowManyReplicasAnswered() throws {
        let metadata: Metadata = [
            "kvnode-reason": "quorum_not_reached", "kvnode-replicas-answered": "1",
            "kvnode-replicas-needed": "2",
        ]
        let error = RPCError(code: .unavailable, message: "1 of 2", metadata: metadata)
        let failure = ClientFailure(error, endpoint: "h:1")
        #expect(failure.reason == "quorum_not_reached" && failure.message == "1 of 2")
        #expect(failure.replicasAnswered == 1 && failure.replicasNeeded == 2)
        #expect(try JSONText.encode(failure).contains("\"replicas_needed\" : 2"))
    }

    @Test func readingsEndAsTheirSiblingsSay() throws {
        var reading = KVNodeStore.Reading(siblings: [], context: .init())
        #expect(SiblingOutput(reading).exitCode == .notFound)
        reading.siblings = [sibling("milk", actor: 0xAB, counter: 3)]
        reading.context = .init(bytes: Data([1, 2, 3]))
        let one = SiblingOutput(reading)
        #expect(one.exitCode == nil)
        #expect(
            one.siblings[0].summary == "4 bytes, written 1970-01-01T00:00:01.500Z, dot 00000000000000ab:3")
        let json = try JSONText.encode(one)
        #expect(json.contains("\"value\" : \"bWlsaw==\"") && json.contains("\"context\" : \"AQID\""))
        reading.siblings.append(sibling("eggs", actor: 1, counter: 1))
        #expect(SiblingOutput(reading).exitCode == .siblings)
    }

    @Test func oneValueIsItsBytesAndSeveralAreNumbered() throws {
        var reading = KVNodeStore.Reading(siblings: [], context: .init())
        reading.siblings = [sibling("milk", actor: 1, counter: 1)]
        #expect(try written(SiblingOutput(reading)) == ("milk", ""))
        reading.siblings.append(sibling("eggs", actor: 2, counter: 1))
        let (values, notes) = try written(SiblingOutput(reading))
        #expect(values == "milk\neggs\n")
        #expect(
            notes.contains("sibling 1 of 2: 4 bytes") && notes.contains("sibling 2 of 2")
                && notes.contains("context: "))
    }

    @Test func listedKeysAreTextIfTheyCanBe() throws {
        #expect(ListedKey(Data("ä".utf8)).key == "ä")
        let binary = ListedKey(Data([0xFF]))
        #expect(binary.key == nil && binary.keyBase64 == Data([0xFF]))
    }

    @Test(arguments: [
        ["put", "k", "v", "--file", "f"], ["put", "k", "v", "--if-absent", "--if-match", "AA=="],
        ["get", "k", "--endpoint", "nowhere"], ["get", "k", "--endpoint", "h:0"], ["get"],
        ["get", "k", "--r", "-1"],
        ["dev", "--engine", "memory", "--engines", "memory"], ["dev", "--durability", "sometimes"],
        ["config", "--json", "--explain"], ["cluster", "join", "node3"], ["cluster", "join"],
        ["cluster", "replace", "a", "b@h:1;wieght=2"], ["cluster", "ring"],
        ["cluster", "ring", "k", "--partition", "1"], ["cluster", "status", "--endpoint", "nowhere"],
        ["cluster", "transfers", "--endpoint", "h:1", "--endpoint", "nowhere"],
    ])
    func badArgumentsAreUsageErrors(arguments: [String]) {
        #expect {
            try Kvnode.parseAsRoot(arguments)
        } throws: { error in
            Kvnode.exitCode(for: error) == .usage
        }
    }

    private func sibling(_ value: String, actor: UInt64, counter: UInt64) -> KVNodeStore.Sibling {
        .init(Data(value.utf8), timestampMillis: 1500, dot: .init(actor: actor, counter: counter))
    }

    /// What `output` writes to its two outputs.
    private func written(_ output: SiblingOutput) throws -> (values: String, notes: String) {
        let (values, notes) = (Pipe(), Pipe())
        try output.write(
            values: Output(descriptor: values.fileHandleForWriting.fileDescriptor),
            notes: Output(descriptor: notes.fileHandleForWriting.fileDescriptor))
        return (try Self.text(values), try Self.text(notes))
    }

    private static func text(_ pipe: Pipe) throws -> String {
        try pipe.fileHandleForWriting.close()
        return String(decoding: try pipe.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    }
}
