import ArgumentParser
import ClusterCore
import Messages
import SwiftProtobuf

/// Stages changes of roles, one after the other, and prints what is staged then.
private func stage(_ requests: [Kvnode_V1_StageRequest], _ options: ClusterOptions) async throws {
    let reply = try await options.run { client, call in
        var reply = Kvnode_V1_StageResponse()
        for request in requests { reply = try await client.stage(request, options: call) }
        return reply
    }
    try options.print(reply) { StagedText.of($0.staged) }
}

enum StagedText {
    static func of(_ staged: [Kvnode_V1_StagedRole]) -> String {
        if staged.isEmpty { return "nothing is staged\n" }
        return """
            staged: \(StatusReport.inWords(staged))
            kvnode cluster plan shows what that moves, kvnode cluster commit begins it

            """
    }
}

extension Kvnode_V1_Member {
    /// A member as `cluster.members` has it, from the command line; the weight is 0 where none is named.
    fileprivate init(argument: String) throws {
        self.init()
        do throws(MemberParser.Failure) {
            let member = try MemberParser.parse(argument, weight: 0)
            name = member.name
            address = member.address
            zone = member.zone
            weight = member.weight
        } catch {
            throw ValidationError("the member \"\(argument)\": \(error.message)")
        }
    }
}

struct JoinCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "join",
        abstract: "Stage that nodes become members.",
        discussion: """
            A member is \(MemberParser.syntax), quoted for the shell; the address is its peer.listen. The node runs with \
            cluster.join and some of the members in cluster.members.

            Example: kvnode cluster join 'node3@10.0.0.4:7401;zone=b;weight=2'

            \(ExitCode.clusterDiscussion)
            """)

    @Argument(help: "The new members.")
    var members: [String]

    @OptionGroup var options: ClusterOptions

    func validate() throws { _ = try members.map(Kvnode_V1_Member.init(argument:)) }

    func run() async throws {
        let members = try members.map(Kvnode_V1_Member.init(argument:))
        try await stage(members.map { member in .with { $0.join = member } }, options)
    }
}

struct LeaveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "leave",
        abstract: "Stage that members leave; others copy their data first.",
        discussion: """
            Example: kvnode cluster leave node1

            \(ExitCode.clusterDiscussion)
            """)

    @Argument(help: "The members' names.")
    var names: [String]

    @OptionGroup var options: ClusterOptions

    func run() async throws { try await stage(names.map { name in .with { $0.leave = name } }, options) }
}

struct ReplaceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replace",
        abstract: "Stage that a member leaves and another takes its place.",
        discussion: """
            The new one takes the zone and the weight of the one that leaves, unless it names its own.

            Example: kvnode cluster replace node1 node4@10.0.0.5:7401

            \(ExitCode.clusterDiscussion)
            """)

    @Argument(help: "The name of the member that leaves.")
    var name: String

    @Argument(help: ArgumentHelp("The new member: \(MemberParser.syntax)."))
    var with: String

    @OptionGroup var options: ClusterOptions

    func validate() throws { _ = try Kvnode_V1_Member(argument: with) }

    func run() async throws {
        let member = try Kvnode_V1_Member(argument: with)
        let request = Kvnode_V1_StageRequest.with {
            $0.replace.node = name
            $0.replace.with = member
        }
        try await stage([request], options)
    }
}

struct WeightCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "weight",
        abstract: "Stage another weight of a member: its share of the data compared to the others'.",
        discussion: """
            Example: kvnode cluster weight node3 0.5

            \(ExitCode.clusterDiscussion)
            """)

    @Argument(help: "The member's name.")
    var name: String

    @Argument(help: "The weight.")
    var weight: Double

    @OptionGroup var options: ClusterOptions

    func run() async throws {
        let request = Kvnode_V1_StageRequest.with {
            $0.weight.node = name
            $0.weight.weight = weight
        }
        try await stage([request], options)
    }
}

struct ZoneCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "zone",
        abstract: "Stage another zone of a member: what fails together.",
        discussion: """
            Example: kvnode cluster zone node3 c

            \(ExitCode.clusterDiscussion)
            """)

    @Argument(help: "The member's name.")
    var name: String

    @Argument(help: "The zone; \"\" for none.")
    var zone: String

    @OptionGroup var options: ClusterOptions

    func run() async throws {
        let request = Kvnode_V1_StageRequest.with {
            $0.zone.node = name
            $0.zone.zone = zone
        }
        try await stage([request], options)
    }
}

struct AddressCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "address",
        abstract: "Stage another address of a member; moves no data.",
        discussion: """
            For a member that joined. A node whose cluster.members names it goes by that list instead, which has to be \
            changed there.

            Example: kvnode cluster address node3 10.0.0.9:7401

            \(ExitCode.clusterDiscussion)
            """)

    @Argument(help: "The member's name.")
    var name: String

    @Argument(help: ArgumentHelp("Its peer.listen.", valueName: "host:port"))
    var address: String

    @OptionGroup var options: ClusterOptions

    func run() async throws {
        let request = Kvnode_V1_StageRequest.with {
            $0.address.node = name
            $0.address.address = address
        }
        try await stage([request], options)
    }
}

struct UnstageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unstage",
        abstract: "Take back what is staged for nodes.",
        discussion: """
            Example: kvnode cluster unstage node3

            \(ExitCode.clusterDiscussion)
            """)

    @Argument(help: "The nodes' names.")
    var names: [String]

    @OptionGroup var options: ClusterOptions

    func run() async throws {
        let names = names
        let reply = try await options.run { client, call in
            var reply = Kvnode_V1_UnstageResponse()
            for name in names {
                let next = try await client.unstage(.with { $0.node = name }, options: call)
                reply.changed = reply.changed || next.changed
                reply.staged = next.staged
            }
            return reply
        }
        try options.print(reply) {
            ($0.changed ? "" : "nothing was staged for \(names.joined(separator: ", "))\n")
                + StagedText.of($0.staged)
        }
    }
}
