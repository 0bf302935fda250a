/// Keeps credentials until they are about to expire. However many callers wait, its provider is asked once.
public actor CachedCredentials: CredentialProvider {
    /// How long before their end credentials are replaced, in seconds.
    static let margin = 300.0
    /// For how long the provider is left alone, in seconds, after it failed or gave what ends soon, while those that there are still do.
    static let pause = 30.0

    private let provider: any CredentialProvider
    private let now: @Sendable () -> Double
    private var current: AWSCredentials?
    private var nextRefresh = -Double.infinity
    private var refresh: Task<Result<AWSCredentials, CredentialError>, Never>?

    public init(_ provider: any CredentialProvider, now: @escaping @Sendable () -> Double) {
        self.provider = provider
        self.now = now
    }

    /// - Throws: What the provider failed with, once those that it gave before have expired.
    public func credentials() async throws(CredentialError) -> AWSCredentials {
        if let current, isValid(current, for: now() < nextRefresh ? 0 : Self.margin) { return current }
        switch await (refresh ?? startRefresh()).value {
        case .success(let fresh): return fresh
        case .failure(let error):
            if let current, isValid(current, for: 0) { return current }
            throw error
        }
    }

    /// Has the provider asked again, unless that was done a short while ago.
    public func hasOther(than refused: AWSCredentials) async -> Bool {
        guard current == refused else { return true }
        guard now() >= nextRefresh else { return false }
        current = nil
        return true
    }

    private func isValid(_ credentials: AWSCredentials, for seconds: Double) -> Bool {
        credentials.expiration.map { $0 > now() + seconds } ?? true
    }

    /// The task is nobody's own, so that a caller which is cancelled takes nothing from the others.
    private func startRefresh() -> Task<Result<AWSCredentials, CredentialError>, Never> {
        let task = Task {
            let result: Result<AWSCredentials, CredentialError>
            do throws(CredentialError) {
                let fresh = try await provider.credentials()
                current = fresh
                result = .success(fresh)
            } catch {
                result = .failure(error)
            }
            nextRefresh = now() + Self.pause
            refresh = nil
            return result
        }
        refresh = task
        return task
    }
}
