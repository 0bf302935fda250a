import Glibc

/// How many files and connections the process may have open.
enum OpenFiles {
    /// Takes what the system lets it have: shells and service managers often allow 1,024 unless a process asks for more, which
    /// fewer connections than `max_connections` and an engine's files use up.
    ///
    /// - Returns: How many, or nil if the system doesn't tell.
    static func raiseLimit() -> UInt64? {
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else { return nil }
        guard limit.rlim_cur < limit.rlim_max else { return UInt64(limit.rlim_cur) }
        var raised = limit
        raised.rlim_cur = limit.rlim_max
        return UInt64(setrlimit(resource, &raised) == 0 ? raised.rlim_cur : limit.rlim_cur)
    }
}
