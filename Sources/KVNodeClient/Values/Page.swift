public import Foundation

extension KVNodeStore {
    /// Some of a bucket's keys.
    public struct Page: Hashable, Sendable {
        /// Where a listing goes on. Opaque.
        public struct Cursor: Hashable, Sendable {
            let bytes: Data
        }

        /// Keys that have a value, in an order that is the same for every listing but not the keys' own. May be fewer than
        /// asked for, even none, before the end.
        public var keys: [Data]
        /// For the next page; nil at the end.
        public var next: Cursor?
    }
}
