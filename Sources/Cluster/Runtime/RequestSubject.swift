import ClusterCore

/// What a request was about, as far as logs and traces tell it. Neither key nor value is told, nor a hash of the key, from which
/// a key that is easily guessed could be found: the partition says where it lies.
enum RequestSubject {
    case key(StorageKey)
    case bucket(String)

    /// Empty for one whose name was none.
    var bucket: String {
        switch self {
        case .key(let key): key.bucket
        case .bucket(let bucket): bucket
        }
    }
}
