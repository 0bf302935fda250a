/// What a `KVNodeStore` goes by. All limits have defaults that suit a program in the same network as the nodes.
public struct KVNodeConfiguration: Sendable {
    /// Who the client is to the nodes.
    public enum Credentials: Sendable {
        /// Nobody: for nodes that know no users, or know the client by its certificate.
        case none
        /// A user of the nodes' users file.
        case user(name: String, password: String)
        /// A token, as `kvnode user token` made it.
        case token(String)
        /// The value of the calls' `authorization`, for what is neither.
        case authorization(String)
    }

    /// How the connections are made.
    public enum Security: Hashable, Sendable {
        /// For networks that are trusted.
        case plaintext
        /// TLS. The files are PEM and are read once, when the store is made.
        ///
        /// - Parameters:
        ///   - authorities: Whose certificates of nodes are believed.
        ///   - certificate: What the client presents, where a port wants one; its file and that of its private key.
        case tls(authorities: String, certificate: ClientCertificate? = nil)
    }

    /// What a client proves itself by.
    public struct ClientCertificate: Hashable, Sendable {
        /// The file of the certificate, and after it those of intermediate authorities, if there are any.
        public var file: String
        /// The file of its private key, not encrypted.
        public var keyFile: String

        /// - Parameters:
        ///   - file: The certificate's.
        ///   - keyFile: Its private key's.
        public init(file: String, keyFile: String) {
            self.file = file
            self.keyFile = keyFile
        }
    }

    /// How requests that failed are repeated.
    public struct Retries: Hashable, Sendable {
        /// How often a request is tried at most, the first time included; 1 for never again.
        public var maxAttempts = 4
        /// Retries come to at most this share of the requests, in the long run: when most of the cluster fails, the load
        /// that retries add to it stays small.
        public var budgetRatio = 0.1
        /// Retries that may be saved up while few are needed, and that are there at the start.
        public var budgetCapacity = 10.0
        /// A wait before the k-th retry is chosen at random between 0 and this times 2^(k-1) ...
        public var baseDelay = Duration.milliseconds(20)
        /// ... or this, if it is less.
        public var maxDelay = Duration.seconds(1)

        /// The defaults.
        public init() {}
    }

    /// The nodes that are asked, each over a connection of its own. Name all members to have each request go straight to a
    /// replica of its key; others are not found. One suffices to reach all keys.
    public var endpoints: [KVNodeEndpoint]
    /// Plain text, unless said otherwise.
    public var security = Security.plaintext
    /// Nobody, unless said otherwise.
    public var credentials = Credentials.none
    /// Until a request fails, retries included, if its options say nothing. Nil: each attempt takes as long as the node's own
    /// default lets it.
    public var timeout: Duration? = .seconds(5)
    /// After which an attempt at a read is given up for another node's, so that a node which hangs costs no more. It should be
    /// longer than the slowest good read. A write has all the time there is: what became of it would be unknown.
    public var attemptTimeout: Duration? = .seconds(2)
    /// A node that can't do a request in time says so, and how many replicas had answered: how much longer than its time that
    /// answer is waited for.
    public var answerGrace = Duration.milliseconds(500)
    /// After which a node that can't be connected to is given up for another one. Nothing was sent to it, so this holds for
    /// writes too.
    public var connectTimeout = Duration.seconds(1)
    /// How long an answer is waited for at most if the node decides when to give up: if there is no `timeout`.
    public var longestCall = Duration.seconds(120)
    /// How often a connection with requests under way is tested when nothing comes.
    public var keepaliveInterval = Duration.seconds(10)
    /// After which a test that is not answered ends the connection, and what is under way.
    public var keepaliveTimeout = Duration.seconds(5)
    /// How requests that failed are repeated.
    public var retries = Retries()
    /// How often nodes are asked whether the layout has changed, at least 100 ms. Until then a request may take a hop more.
    public var routingInterval = Duration.seconds(10)
    /// How long a node that could not be reached is asked only if all others fail. After that one request tries it again.
    public var restAfterFailure = Duration.seconds(1)
    /// How often `update` reads and writes at most, when others write meanwhile.
    public var maxUpdateAttempts = 8
    /// Entries of one message of a batch; the nodes' own limit is 1,000 unless configured otherwise.
    public var maxBatchEntries = 500
    /// Bytes of keys and values of one message of a batch, unless a single entry is longer.
    public var maxBatchBytes = 4 << 20
    /// Bytes of a reply at most; a longer one fails, as of the kind `internal`.
    public var maxReplyBytes = 1 << 30

    /// - Parameter endpoints: Nodes to ask, one at least.
    public init(endpoints: [KVNodeEndpoint]) { self.endpoints = endpoints }
}
