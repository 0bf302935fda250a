import Engine
import Instruments
import Logging
import Observability

/// What `/metrics` tells: all that the node's parts count, and what is read when somebody asks.
///
/// One text is written at a time, however many ask, so that they take no more than one processor from the node's clients.
actor NodeMetrics {
    static let build = MetricDefinition(
        "kvnode_build_info", .gauge, labels: ["version", "engine"],
        "Always 1; the labels say what runs: kvnode's version, and the storage engine.")
    static let failures = MetricDefinition(
        "kvnode_metrics_collection_failures", .counter, labels: ["source"],
        "How often figures of the storage `engine` were left out of an answer, or those of the `disk` are of an earlier one, since they did not come within metrics.collection_timeout_ms."
    )

    let registry: MetricRegistry
    private let engine: Inquiry<Result<[String: Double], EngineError>>
    let disk: Inquiry<DiskStatus?>
    let limit: Duration
    private let engineFailures: Counter
    private let diskFailures: Counter
    private let logger: Logger
    let begun = ContinuousClock.now

    /// - Parameters:
    ///   - engine: Its name.
    ///   - directory: The node's data directory.
    ///   - limit: How long an answer waits for what may hang.
    init(
        _ registry: MetricRegistry, _ executor: EngineExecutor, engine: String, directory: String,
        limit: Duration, _ logger: Logger
    ) {
        self.registry = registry
        self.limit = limit
        self.logger = logger
        self.engine = Self.inquiry(of: executor)
        disk = DiskStatus.inquiry(of: directory)
        engineFailures = registry.counter(Self.failures, ["engine"])
        diskFailures = registry.counter(Self.failures, ["disk"])
        registry.gauge(Self.build, [Version.current, engine]).set(1)
        registry.collect(ProcessStatistics.definitions) { ProcessStatistics.collect(into: &$0) }
        registry.collect(EngineMetrics.definitions) { [executor] in
            EngineMetrics.add(executor.statistics, executor.watch.health, to: &$0)
        }
        DiskMetrics.collect(disk, in: registry)
    }

    /// Asks for the library's figures on an engine's thread: some may wait for the disk, or for a lock of the library's.
    private static func inquiry(
        of executor: EngineExecutor
    ) -> Inquiry<Result<[String: Double], EngineError>> {
        Inquiry { whenAnswered in
            do throws(EngineError) {
                try executor.submitRead { engine in
                    do throws(EngineError) {
                        whenAnswered(.success(try engine.statistics()))
                    } catch {
                        whenAnswered(.failure(error))
                    }
                }
            } catch {
                whenAnswered(.failure(error))
            }
        }
    }

    /// The metrics now, in the format that suits `accept`.
    func page(accept: String) async -> (contentType: String, text: [UInt8]) {
        async let status = disk.answer(within: limit)
        let figures = await engine.answer(within: limit)
        if await status == nil { diskFailures.add() }
        var reading = registry.read()
        switch figures {
        case .success(let figures): EngineFigures.add(figures, to: &reading)
        case .failure(let error): leftOut("\(error)")
        case nil: leftOut("it has not answered in time")
        }
        let format = ExpositionFormat(accept: accept)
        return (format.contentType, Exposition.text(of: reading, in: format))
    }

    private func leftOut(_ reason: String) {
        engineFailures.add()
        logger.debug("the engine does not tell its figures", metadata: ["error": "\(reason)"])
    }
}
