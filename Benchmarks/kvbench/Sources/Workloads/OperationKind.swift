/// What is asked of the store.
public enum OperationKind: String, CaseIterable, Sendable {
    /// A record's value.
    case read
    /// Another value for a record, without reading it first.
    case update
    /// A new record.
    case insert
    /// Records that follow each other.
    case scan
    /// A record's value, then another in its place: YCSB's read-modify-write.
    case modify
    /// That a record be gone.
    case delete
}
