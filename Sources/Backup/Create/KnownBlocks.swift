/// Blocks of a partition that an archive has already, from earlier backups or from other replicas.
struct KnownBlocks {
    /// Where a block is, and what its pack has.
    struct Source {
        var pack: PartitionIndex.Pack
        var place: PartitionIndex.Place
    }

    private var indexes: [PartitionIndex] = []
    private var places: [BlockID: (index: Int, block: Int)] = [:]
    /// Bytes of the partition's packs, by name.
    private let packs: [String: Int]

    /// - Parameter packs: Bytes of the packs that there are: what an index says of others is not taken for granted, so that a
    ///   backup sends again what was lost.
    init(packs: [String: Int]) { self.packs = packs }

    /// - Returns: Whether all of its blocks are there.
    @discardableResult
    mutating func add(_ index: PartitionIndex) -> Bool {
        let isThere = index.packs.map { pack in
            let end = pack.frames.map { $0.offset + $0.storedCount }.max() ?? 0
            return packs[pack.name].map { $0 >= end } ?? false
        }
        places.reserveCapacity(places.count + index.blocks.count)
        for (number, block) in index.blocks.enumerated()
        where isThere[block.place.pack] && places[block.id] == nil {
            places[block.id] = (indexes.count, number)
        }
        indexes.append(index)
        return isThere.allSatisfy(\.self)
    }

    func source(of id: BlockID) -> Source? {
        guard let (index, block) = places[id] else { return nil }
        let place = indexes[index].blocks[block].place
        return Source(pack: indexes[index].packs[place.pack], place: place)
    }
}
