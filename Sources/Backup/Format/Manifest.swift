import ClusterCore
import Foundation

/// A node's part of a backup: what it had, and what it was part of. Written when all else is there, so that what has one is
/// complete.
public struct Manifest: Codable, Equatable, Sendable {
    static let currentFormat = 1

    /// An index, and what can be checked of it.
    public struct Section: Codable, Equatable, Sendable {
        /// Nil for what the node kept for others.
        public var partition: Int?
        /// SHA-256 of the index, before it is encrypted, in hexadecimal digits.
        public var index: String
        public var rows: Int
        /// Of keys and states.
        public var bytes: Int
        /// Over keys and states in the order of the keys (`KeyspaceDigest`), in hexadecimal digits.
        public var digest: String
        public var blocks: Int
        /// Blocks that this backup has added, and the bytes of the packs and of the index that were sent.
        public var newBlocks: Int
        public var sentBytes: Int

        enum CodingKeys: String, CodingKey {
            case partition, index, rows, bytes, digest, blocks
            case newBlocks = "new_blocks"
            case sentBytes = "sent_bytes"
        }
    }

    public var format: Int
    public var backup: String
    public var cluster: String
    public var node: String
    /// The node's release and engine, for people.
    public var software: String
    public var engine: String
    /// Milliseconds since 1970, by the node's clock: before the first row was read, and after the last.
    public var beganMillis: UInt64
    public var endedMillis: UInt64
    /// Under which identity the node issued dots then, in hexadecimal digits.
    public var actor: String
    public var partitions: Int
    /// The members of the layout then, by name.
    public var members: [String]
    /// `LayoutHistory` and `BucketTable` as nodes store them.
    public var layout: Data
    public var buckets: Data
    /// By partition, what was kept for others last.
    public var sections: [Section]

    enum CodingKeys: String, CodingKey {
        case format, backup, cluster, node, software, engine, actor, partitions, members, layout, buckets,
            sections
        case beganMillis = "began_ms"
        case endedMillis = "ended_ms"
    }

    public var rows: Int { sections.reduce(0) { $0 + $1.rows } }
    public var bytes: Int { sections.reduce(0) { $0 + $1.bytes } }
    /// Bytes of packs and indexes that were sent for it.
    public var sentBytes: Int { sections.reduce(0) { $0 + $1.sentBytes } }

    /// The properties of buckets that were set.
    public func bucketTable() throws(BackupError) -> BucketTable {
        var reader = ByteReader(Array(buckets))
        do throws(CodecError) {
            return try BucketTable.decode(&reader)
        } catch {
            throw BackupError(error, in: "the buckets of \(backup) of \(node)")
        }
    }

}

/// A manifest as an object: its own SHA-256 in hexadecimal digits, a new line, and JSON.
extension Manifest {
    private static let headerSize = 2 * Fingerprint.byteCount + 1

    func encoded() throws(BackupError) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            let body = Array(try encoder.encode(self)) + [UInt8(ascii: "\n")]
            return Array((Fingerprint(of: body).hex + "\n").utf8) + body
        } catch {
            throw BackupError(.failed, "the manifest cannot be written: \(error)")
        }
    }

    /// - Parameter name: The object's, for what is said of it.
    static func decode(_ bytes: [UInt8], _ name: String) throws(BackupError) -> Manifest {
        guard bytes.count > headerSize else { throw BackupError(.damaged, "\(name) is cut off") }
        let body = Array(bytes[headerSize...])
        guard Array((Fingerprint(of: body).hex + "\n").utf8) == Array(bytes[..<headerSize]) else {
            throw BackupError(.damaged, "\(name) is damaged: its checksum differs")
        }
        let found: Manifest
        do {
            found = try JSONDecoder().decode(Manifest.self, from: Data(body))
        } catch {
            throw BackupError(.damaged, "\(name) cannot be read: \(error)")
        }
        guard found.format == currentFormat else {
            throw BackupError(
                .foreign, "\(name) is of format \(found.format), this release knows \(currentFormat)")
        }
        return found
    }
}
