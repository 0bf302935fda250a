/// Environment variables that say how a command of a client reaches a node, and as whom; a node has no use for them.
enum ClientVariable: String, CaseIterable {
    case user = "KVNODE_USER"
    case password = "KVNODE_PASSWORD"
    case token = "KVNODE_TOKEN"
    case tokenFile = "KVNODE_TOKEN_FILE"
    /// What `kvnode user` gives a user.
    case newPassword = "KVNODE_NEW_PASSWORD"
    case authorities = "KVNODE_CA"
    case certificate = "KVNODE_CERT"
    case key = "KVNODE_KEY"
}
