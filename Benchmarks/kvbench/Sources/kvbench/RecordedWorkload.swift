import Results
import Workloads

extension Workload {
    static let recordedName = "recorded"

    /// What the clients of a shape asked for. What it can't tell is made simple: puts and updates are writes of records that are
    /// there, and keys have the length of all records' keys.
    init(_ shape: WorkloadShape) {
        let exponent = shape.popularity.exponent
        self.init(
            name: Self.recordedName, summary: "What clients asked of a running cluster.",
            mix: Mix(counted: [
                .read: shape.operations.get, .update: shape.operations.put + shape.operations.update,
                .delete: shape.operations.delete, .scan: shape.operations.list,
            ]),
            keys: exponent == 0 ? .uniform : .zipf(exponent: exponent), valueSize: shape.valueSize,
            valueSizes: Sizes(shape.valueBytes),
            // A list of no keys is asked for one.
            scanLengths: Sizes(shape.listLimits.filter { $0.from > 0 }) ?? Sizes(1...1))
    }
}

extension Sizes {
    /// Nil of none.
    init?(_ recorded: [WorkloadShape.Sizes]) {
        let found = recorded.filter { $0.count > 0 }
        if found.isEmpty { return nil }
        self.init(found.map { ($0.from...$0.to, $0.count, $0.mean) })
    }
}

extension WorkloadShape {
    /// Bytes of a value on average; nil if none was put.
    var valueSize: Int? { valueBytes.mean.map { max(1, Int($0.rounded())) } }
}

extension Scenario {
    init(_ shape: WorkloadShape) {
        workload = Workload(shape)
        name = workload.name
        incident = nil
    }
}

extension CompareCommand {
    var scenarios: [Scenario] { shape.map { [Scenario($0)] } ?? load.scenarios }
}
