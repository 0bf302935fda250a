/// What it would be to do a request twice.
enum Effect: Hashable, Sendable {
    /// Nothing is changed.
    case read
    /// Something is, by the second time too, even where the same is written: a value stands beside itself, as a sibling of a write
    /// that nobody made; a number counts twice; and what another client has written or removed in between, with the first
    /// time before its eyes, is undone.
    case write
}
