/// How backups are made.
public struct BackupSettings: Sendable {
    /// Bytes of keys and states that are kept and compared as one, on average: with larger ones fewer of them have to be kept
    /// account of, with smaller ones less is sent again for a row that has changed.
    public var blockBytes: Int
    /// Bytes of blocks from which on they are sent as an object; memory holds twice as many.
    public var packBytes: Int
    /// 0 for none, else as zstd counts them, 1 to 19.
    public var compressionLevel: Int
    /// Nil: nothing is encrypted on this side of the network.
    public var key: BackupKey?
    /// Bytes of keys and states that are read in a second, at most; nil for as fast as they come.
    public var maxBytesPerSecond: Int?

    public init(
        blockBytes: Int = 1 << 10, packBytes: Int = 8 << 20, compressionLevel: Int = 3,
        key: BackupKey? = nil, maxBytesPerSecond: Int? = nil
    ) {
        self.blockBytes = blockBytes
        self.packBytes = packBytes
        self.compressionLevel = compressionLevel
        self.key = key
        self.maxBytesPerSecond = maxBytesPerSecond
    }

    var frames: FrameCodec { FrameCodec(compressionLevel: compressionLevel, key: key) }
}
