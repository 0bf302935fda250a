/// How the objects of an archive are called.
///
/// ```
/// archive.json                           what the archive is
/// backups/ID/NODE/manifest               a node's part of a backup: complete, as it is written last
/// backups/ID/NODE/begun                  when the node began, be it ended and begun again
/// backups/ID/NODE/p-0000 … p-ffff        which index is a partition's
/// backups/ID/NODE/hints                  which one is that of what the node keeps for others
/// indexes/p-0000/SHA256, indexes/hints/… an index, the same for replicas that have the same
/// packs/p-0000/PACK, packs/hints/…       blocks
/// ```
enum ArchiveNames {
    static let archive = "archive.json"
    static let backups = "backups/"
    static let indexes = "indexes/"
    static let packs = "packs/"
    static let manifest = "manifest"
    static let begun = "begun"

    /// A part of what a node has that is indexed by itself.
    enum Section: Hashable, Sendable {
        case partition(Int)
        case hints

        var name: String {
            switch self {
            case .partition(let number):
                let digits = String(number, radix: 16)
                return "p-" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
            case .hints: return "hints"
            }
        }

        init?(named name: String) {
            if name == Section.hints.name {
                self = .hints
                return
            }
            guard name.hasPrefix("p-"), let number = Int(name.dropFirst(2), radix: 16),
                Section.partition(number).name == name
            else { return nil }
            self = .partition(number)
        }
    }

    static func manifest(of backup: String, _ node: String) -> String {
        "\(backups)\(backup)/\(node)/\(manifest)"
    }

    static func begun(_ backup: String, _ node: String) -> String { "\(backups)\(backup)/\(node)/\(begun)" }

    static func reference(of backup: String, _ node: String, _ section: Section) -> String {
        "\(backups)\(backup)/\(node)/\(section.name)"
    }

    static func index(_ fingerprint: Fingerprint, of section: Section) -> String {
        "\(indexes)\(section.name)/\(fingerprint.hex)"
    }

    static func pack(_ name: String, of section: Section) -> String { "\(packs)\(section.name)/\(name)" }

    /// A part of a pack, as it is sealed: it is not an object.
    static func frame(_ number: Int, of pack: String, _ section: Section) -> String {
        "\(self.pack(pack, of: section))#\(number)"
    }

    /// 128 bits at random, so that no two are ever the same.
    static func newPack() -> String {
        var generator = SystemRandomNumberGenerator()
        let words = (generator.next(), generator.next())
        return withUnsafeBytes(of: words) { Array($0) }.hex
    }

    static func isPack(_ name: String) -> Bool { name.utf8.count == 32 && [UInt8](hex: name) != nil }

    /// Whether a backup, or a node, can be called so: what any storage of objects takes.
    static func accepts(_ name: String) -> Bool {
        let first = name.utf8.first
        return (1...200).contains(name.utf8.count) && first != UInt8(ascii: ".")
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
                    UInt8(ascii: "."):
                    true
                default: false
                }
            }
    }
}
