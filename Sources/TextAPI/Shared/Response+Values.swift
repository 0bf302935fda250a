import ClusterCore

extension Response {
    /// As it is for a client that asks for values: what the key holds may be something else.
    package var ofValues: Response {
        switch self {
        case .read(let reading) where reading.siblings.contains(where: \.content.isPart):
            return .failed(RequestError(.wrongType, "the key holds a set or a map, which is no value"))
        case .written(var reading) where reading.siblings.contains(where: \.content.isPart):
            // The write is done, whatever is beside it.
            reading.siblings.removeAll { $0.content.isPart }
            return .written(reading)
        default: return self
        }
    }
}
