import Access
import ClusterCore

/// Who sends the requests of one connection, by the `authorization` header that comes with each: the same one, mostly, so that
/// it is looked into once. For HTTP and gRPC; belongs to the connection's event loop.
package struct HeaderIdentity {
    package enum Outcome {
        case caller(Caller)
        case refused(RequestError)
        /// Its password is being hashed: `begin` said that it would call.
        case pending
    }

    private let access: AccessControl
    /// Nobody, at this address.
    private let nobody: Caller
    /// The last header whose sender was found, and who that is.
    private var lastHeader = ""
    private var lastCaller: Caller?

    /// - Parameters:
    ///   - clientProtocol: What the client speaks, for the count of refusals.
    ///   - address: Where it is, for the audit log; none before its connection is up.
    package init(
        _ access: AccessControl, over clientProtocol: ClientProtocol, address: String = "unknown"
    ) {
        self.access = access
        nobody = Caller(access, over: clientProtocol, address: address)
    }

    /// Finds who sends a request with this header.
    ///
    /// - Parameters:
    ///   - header: Nil if there is none: then it is nobody, who may do what needs no user.
    ///   - completion: Makes what is called later, once and on any thread, if the outcome is `pending`; what that is given is
    ///     for `end`.
    package mutating func begin(
        _ header: String?, _ completion: () -> @Sendable (AuthenticationResult) -> Void
    ) -> Outcome {
        guard !access.isOpen, let header else { return .caller(nobody) }
        if lastCaller != nil, ConstantTime.areEqual(header.utf8, lastHeader.utf8) {
            // A user who is gone since, or has another password, is asked for it anew.
            if lastCaller!.isKnown() { return .caller(lastCaller!) }
            lastCaller = nil
        }
        guard let credential = AuthorizationHeader.credential(header) else {
            return .refused(
                nobody.refuseLogin(
                    "the authorization header is neither \"Basic\" with user:password in base64 nor \"Bearer\" with a token"
                ))
        }
        guard let result = nobody.authenticate(credential, completion()) else {
            return .pending
        }
        return end(header, result)
    }

    /// Takes in what was found out about a header.
    ///
    /// - Returns: Not `pending`.
    package mutating func end(_ header: String, _ result: AuthenticationResult) -> Outcome {
        guard case .known(let login) = result else {
            return .refused(result.refusal ?? RequestError(.unauthenticated))
        }
        var caller = nobody
        caller.logIn(login)
        (lastHeader, lastCaller) = (header, caller)
        return .caller(caller)
    }
}

/// `authorization` of HTTP (RFC 9110, section 11.6.2) by Basic (RFC 7617) or Bearer (RFC 6750).
enum AuthorizationHeader {
    /// Nil if it is neither.
    static func credential(_ header: String) -> Credential? {
        let bytes = Array(header.utf8)
        guard let space = bytes.firstIndex(of: UInt8(ascii: " ")) else { return nil }
        let scheme = String(decoding: bytes[..<space], as: UTF8.self).lowercased()
        let rest = bytes[space...].drop { $0 == UInt8(ascii: " ") }
        guard !rest.isEmpty else { return nil }
        switch scheme {
        case "bearer": return .token(Array(rest))
        case "basic":
            guard let pair = Base64.decode(Array(rest)), let colon = pair.firstIndex(of: UInt8(ascii: ":"))
            else { return nil }
            return .password(
                user: String(decoding: pair[..<colon], as: UTF8.self), Array(pair[(colon + 1)...]))
        default: return nil
        }
    }
}
