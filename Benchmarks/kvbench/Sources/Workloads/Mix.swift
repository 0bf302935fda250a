/// How many of all operations are of each kind. Whole numbers, so that they sum to exactly the whole.
public struct Mix: Hashable, Sendable {
    private let read: Int
    private let update: Int
    private let insert: Int
    private let scan: Int
    private let modify: Int
    private let delete: Int
    private let whole: Int

    /// A mix of these percentages, which sum to 100.
    public init(
        read: Int = 0, update: Int = 0, insert: Int = 0, scan: Int = 0, modify: Int = 0, delete: Int = 0
    ) {
        let all = [read, update, insert, scan, modify, delete]
        precondition(
            all.allSatisfy { $0 >= 0 } && all.reduce(0, +) == 100, "\(all) are not percent of a whole")
        self.read = read
        self.update = update
        self.insert = insert
        self.scan = scan
        self.modify = modify
        self.delete = delete
        whole = 100
    }

    /// A mix as it was counted; there is one operation at least.
    public init(counted counts: [OperationKind: Int]) {
        precondition(counts.values.allSatisfy { $0 >= 0 }, "\(counts) are no counts")
        read = counts[.read] ?? 0
        update = counts[.update] ?? 0
        insert = counts[.insert] ?? 0
        scan = counts[.scan] ?? 0
        modify = counts[.modify] ?? 0
        delete = counts[.delete] ?? 0
        whole = counts.values.reduce(0, +)
        precondition(whole > 0, "nothing was counted")
    }

    /// The part of all operations that is of this kind, from 0 to 1.
    public func share(of kind: OperationKind) -> Double {
        let part =
            switch kind {
            case .read: read
            case .update: update
            case .insert: insert
            case .scan: scan
            case .modify: modify
            case .delete: delete
            }
        return Double(part) / Double(whole)
    }

    /// A kind, each as often as its share.
    func kind(using random: inout SplitMix64) -> OperationKind {
        var rest = random.next(below: whole) - read
        if rest < 0 { return .read }
        rest -= update
        if rest < 0 { return .update }
        rest -= insert
        if rest < 0 { return .insert }
        rest -= scan
        if rest < 0 { return .scan }
        rest -= modify
        return rest < 0 ? .modify : .delete
    }
}
