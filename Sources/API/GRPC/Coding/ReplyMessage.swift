import ClusterCore
import TextAPI

/// Which message a successful response is sent as. The numbers are those of SessionResult.outcome.
enum ReplyMessage: UInt64, Sendable {
    case get = 2
    case put = 3
    case delete = 4
    case list = 5
    case updateData = 7
    case getData = 8

    /// The response as this message can hold it.
    func presentable(_ response: Response) -> Response { self == .getData ? response : response.ofValues }
}
