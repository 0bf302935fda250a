/// Why the authority can't do what it was asked for, in words for whoever asked.
public struct AuthorityError: Error, Equatable, CustomStringConvertible {
    public var description: String

    init(_ description: String) { self.description = description }
}
