import Testing

@testable import Access

@Suite struct OperationTests {
    /// Said once more than in the code, so that a right isn't changed by mistake.
    private static let expected: [Operation: Operation.Requirement] = [
        .health: .nothing, .greet: .nothing, .describe: .user, .session: .user,
        .readKey: .bucket(.read), .listKeys: .bucket(.read), .readProperties: .bucket(.read),
        .writeKey: .bucket(.write), .flushBucket: .bucket(.admin), .setProperties: .bucket(.admin),
        .readMetrics: .node(.read), .readSettings: .node(.admin), .readWorkload: .node(.admin),
        .clusterStatus: .node(.admin),
        .planLayout: .node(.admin), .readRing: .node(.admin), .stageChange: .node(.admin),
        .unstageChange: .node(.admin), .commitLayout: .node(.admin), .declareLost: .node(.admin),
        .setLogLevel: .node(.admin), .backupStatus: .node(.admin), .beginBackup: .node(.admin),
        .cancelBackup: .node(.admin), .beginRestore: .node(.admin), .restoreRows: .node(.admin),
    ]

    @Test(arguments: Operation.allCases) func requirement(of operation: Operation) {
        #expect(operation.requirement == Self.expected[operation])
    }

    /// What administrators alone may do, and changes something, is audited; nothing else is.
    @Test(arguments: Operation.allCases) func whatIsAudited(_ operation: Operation) {
        let reads: Set<Operation> = [
            .readSettings, .readWorkload, .readMetrics, .clusterStatus, .planLayout, .readRing, .backupStatus,
            // A line for all of them is written when the restore begins.
            .restoreRows,
        ]
        let isAdministration =
            switch operation.requirement {
            case .bucket(.admin), .node: true
            case .nothing, .user, .bucket: false
            }
        #expect(operation.isAudited == (isAdministration && !reads.contains(operation)))
    }
}
