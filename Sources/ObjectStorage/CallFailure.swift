/// Why a request over HTTP came to nothing.
struct CallFailure: Error, Equatable {
    var code: ObjectStoreError.Code
    /// Without the name of what was asked for.
    var reason: String
    /// Another attempt may succeed.
    var isTransient = false
    /// The server's status and word for it, if it has answered.
    var status: Int?
    var serverCode: String?

    init(
        _ code: ObjectStoreError.Code, _ reason: String, isTransient: Bool = false, status: Int? = nil,
        serverCode: String? = nil
    ) {
        self.code = code
        self.reason = reason
        self.isTransient = isTransient
        self.status = status
        self.serverCode = serverCode
    }
}
