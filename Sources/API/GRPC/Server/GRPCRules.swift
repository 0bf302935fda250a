import Access
import GRPCCore
import Messages
import SwiftProtobuf

/// Which operation each method is, as far as rights are concerned. A method that is not here isn't served.
public enum GRPCRules {
    /// All of them, for people and for tests.
    public static let all: [AccessRule] = operations.sorted { $0.key < $1.key }.map {
        AccessRule(.grpc, $0.key, $0.value)
    }

    /// By the method's name with the service's.
    static let operations: [String: Operation] = Dictionary(
        uniqueKeysWithValues: (keyValue + cluster + node + backup + health).map {
            ($0.0.fullyQualifiedMethod, $0.1)
        })

    private static let keyValue: [(MethodDescriptor, Operation)] = {
        typealias Method = Kvnode_V1_KeyValue.Method
        return [
            (Method.Get.descriptor, ReplyMessage.get.operation),
            (Method.Put.descriptor, ReplyMessage.put.operation),
            (Method.Delete.descriptor, ReplyMessage.delete.operation),
            (Method.List.descriptor, ReplyMessage.list.operation),
            (Method.GetData.descriptor, ReplyMessage.getData.operation),
            (Method.UpdateData.descriptor, ReplyMessage.updateData.operation),
            // Each entry by itself.
            (Method.BatchGet.descriptor, ReplyMessage.get.operation),
            (Method.BatchPut.descriptor, ReplyMessage.put.operation),
            (Method.Session.descriptor, .session),
            (Method.GetBucketProperties.descriptor, .readProperties),
            (Method.SetBucketProperties.descriptor, .setProperties),
            (Method.GetRouting.descriptor, .describe),
        ]
    }()

    private static let cluster: [(MethodDescriptor, Operation)] = {
        typealias Method = Kvnode_V1_Cluster.Method
        return [
            (Method.Status.descriptor, .clusterStatus), (Method.Plan.descriptor, .planLayout),
            (Method.Ring.descriptor, .readRing), (Method.Stage.descriptor, .stageChange),
            (Method.Unstage.descriptor, .unstageChange), (Method.Commit.descriptor, .commitLayout),
            (Method.DeclareLost.descriptor, .declareLost), (Method.ListBuckets.descriptor, .readSettings),
        ]
    }()

    private static let node: [(MethodDescriptor, Operation)] = {
        typealias Method = Kvnode_V1_Node.Method
        return [
            (Method.GetLogLevels.descriptor, .readSettings), (Method.SetLogLevel.descriptor, .setLogLevel),
            (Method.GetLoad.descriptor, .readMetrics),
        ]
    }()

    private static let backup: [(MethodDescriptor, Operation)] = {
        typealias Method = Kvnode_V1_Backup.Method
        return [
            (Method.Begin.descriptor, .beginBackup), (Method.GetStatus.descriptor, .backupStatus),
            (Method.Cancel.descriptor, .cancelBackup), (Method.BeginRestore.descriptor, .beginRestore),
            (Method.RestoreRows.descriptor, .restoreRows),
        ]
    }()

    private static let health: [(MethodDescriptor, Operation)] = {
        typealias Method = Grpc_Health_V1_Health.Method
        return [(Method.Check.descriptor, .health), (Method.Watch.descriptor, .health)]
    }()
}

extension ReplyMessage {
    /// What a request is that is answered so: by itself, in a batch or in a session.
    var operation: Operation {
        switch self {
        case .get, .getData: .readKey
        case .put, .delete, .updateData: .writeKey
        case .list: .listKeys
        }
    }
}
