/// The engines without a cluster, under the workloads that `Comparison.cells` has them under in a cluster.
public struct Alone: Codable, Equatable, Sendable {
    /// In the order in which they were asked for. A round's `nodeCPUSeconds` is the engine's: without the making of keys and
    /// values, and the taking of the time, which its generator has.
    public var cells: [Cell]
    public var operationsInFlight: Int
    /// When the run began that the clusters' figures are of, if that was another. If it is nil, round i of a cell ran beside
    /// round i of the cluster's.
    public var clustersBegun: String?

    public init(cells: [Cell], operationsInFlight: Int, clustersBegun: String? = nil) {
        self.cells = cells
        self.operationsInFlight = operationsInFlight
        self.clustersBegun = clustersBegun
    }
}

extension Comparison {
    /// Of engines alone and of clusters.
    package var allCells: [Cell] { (alone?.cells ?? []) + cells }
}
