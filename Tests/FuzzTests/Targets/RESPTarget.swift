import Access
import ClusterCore
import NIOCore

@testable import TextAPI

extension FuzzTarget {
    /// What a client of Redis's protocol sends: commands, and what each of them comes to.
    static let resp = FuzzTarget("resp", heap: HeapAllowance(perByte: 48, base: 256 << 10)) { bytes in
        // Small enough to be met by inputs of this length.
        let limits = RESPParser.Limits(
            maxArguments: 64, maxArgumentBytes: 1024, maxCommandBytes: 2048, maxLineBytes: 256)
        let whole = RESPCommands(in: [bytes], limits)
        try claim(
            RESPCommands(in: pieces(of: bytes), limits) == whole,
            "what comes in pieces is not what comes whole")
        let again = RESPCommands(in: [whole.encoded])
        try claim(
            again.commands == whole.commands && again.error == nil,
            "commands that are written and parsed are others")
        try whole.plan()
        return !whole.commands.isEmpty
    }
}

/// What a parser makes of a client's bytes.
private struct RESPCommands: Equatable {
    var commands: [[[UInt8]]] = []
    /// Ends it.
    var error: RESPProtocolError?

    init(in pieces: [[UInt8]], _ limits: RESPParser.Limits = .init()) {
        var parser = RESPParser(limits: limits)
        do throws(RESPProtocolError) {
            for piece in pieces {
                parser.append(ByteBuffer(bytes: piece))
                while try parser.next() {
                    commands.append((0..<parser.count).map { Array(parser.argument($0)) })
                }
            }
        } catch {
            self.error = error
        }
    }

    var encoded: [UInt8] {
        var writer = RESPWriter()
        for command in commands {
            writer.array(command.count)
            for argument in command { writer.bulk(argument) }
        }
        return Array(buffer: writer.buffer)
    }

    /// Has a session look at the commands in turn, and writes what it answers by itself.
    func plan() throws {
        var session = RESPSession(
            id: 1, bucket: "b", wallMillis: { 1_000_000_000_000 },
            caller: Caller(.open, over: .resp))
        var parser = RESPParser()
        parser.append(ByteBuffer(bytes: encoded))
        while try parser.next() {
            let plan = session.plan(parser)
            switch plan {
            case .reply(let reply), .end(let reply), .speak(_, let reply):
                for version in [RESPWriter.Version.two, .three] {
                    var writer = RESPWriter(version: version)
                    writer.write(reply)
                }
            case .read, .write, .change, .put, .keyspace, .cluster, .authenticate: _ = plan.uses
            }
        }
    }
}
