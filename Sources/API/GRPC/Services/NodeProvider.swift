import GRPCCore
import Logging
import Messages
import NIOCore

/// `kvnode.v1.Node`.
struct NodeProvider: Sendable {
    /// The longest time for which a level can be changed: a day.
    static let maxMillis: UInt64 = 86_400_000

    let levels: any LogLevelControl
    let load: @Sendable () async -> NodeLoad

    func add(to table: inout MethodTable) {
        typealias Method = Kvnode_V1_Node.Method
        table.add(Method.GetLogLevels.descriptor.fullyQualifiedMethod, .control(ControlMethod(get)))
        table.add(Method.SetLogLevel.descriptor.fullyQualifiedMethod, .control(ControlMethod(set)))
        table.add(Method.GetLoad.descriptor.fullyQualifiedMethod, .control(ControlMethod(getLoad)))
    }

    @Sendable private func get(_ request: Kvnode_V1_GetLogLevelsRequest) async throws -> Kvnode_V1_LogLevels {
        Kvnode_V1_LogLevels(levels.logLevels)
    }

    @Sendable private func set(_ request: Kvnode_V1_SetLogLevelRequest) async throws -> Kvnode_V1_LogLevels {
        let level = try Self.level(request.level)
        guard request.forMs <= Self.maxMillis else {
            throw ClusterFailure.invalid("a level is changed for \(Self.maxMillis) ms at most")
        }
        do throws(UnknownLogger) {
            try levels.setLogLevel(
                level, of: request.logger.isEmpty ? nil : request.logger,
                for: request.forMs == 0 ? nil : .milliseconds(Int64(request.forMs)))
        } catch {
            throw ClusterFailure.invalid(
                "there is no logger '\(error.name)'; there are \(error.known.joined(separator: ", "))")
        }
        return Kvnode_V1_LogLevels(levels.logLevels)
    }

    @Sendable private func getLoad(_ request: Kvnode_V1_GetLoadRequest) async throws -> Kvnode_V1_NodeLoad {
        Kvnode_V1_NodeLoad(await load())
    }

    /// Nil for what is configured.
    private static func level(_ text: String) throws(ClusterFailure) -> Logger.Level? {
        if text.isEmpty { return nil }
        guard let level = Logger.Level(rawValue: text) else {
            let levels = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
            throw .invalid("'\(text)' is no level; they are \(levels)")
        }
        return level
    }
}

extension Kvnode_V1_LogLevels {
    fileprivate init(_ report: LogLevelReport) {
        self.init()
        configured = report.configured.rawValue
        loggers = report.loggers.map(Kvnode_V1_LoggerLevel.init)
    }
}

extension Kvnode_V1_LoggerLevel {
    init(_ entry: LogLevelReport.Entry) {
        self.init()
        logger = entry.logger
        level = entry.level.rawValue
        changed = entry.isChanged
        if let remaining = entry.remaining { endsInMs = UInt64(max(0, remaining.nanoseconds / 1_000_000)) }
    }
}
