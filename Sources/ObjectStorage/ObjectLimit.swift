/// The largest object that a store takes into memory.
enum ObjectLimit {
    /// A `ByteBuffer` holds twice that.
    static let maximum = 2 << 30

    static func check(_ bytes: Int) throws(ObjectStoreError) {
        guard (1...maximum).contains(bytes) else {
            throw ObjectStoreError(
                .invalidConfiguration, "objects of up to \(bytes) bytes can't be taken: 1 to \(maximum) can")
        }
    }
}
