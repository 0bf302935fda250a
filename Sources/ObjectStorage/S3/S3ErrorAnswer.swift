import NIOCore
import NIOHTTP1

/// An answer of S3 that is no success.
///
/// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
struct S3ErrorAnswer {
    private static let maxMessageCharacters = 500

    let status: Int
    /// S3's word for it, such as `NoSuchKey`.
    let word: String?
    private let message: String?
    private let requestID: String?
    /// Where the bucket is, if the server says so.
    private let region: String?
    /// The server's time.
    private let date: String?

    /// - Parameter isEarly: Whether the request is one that S3 may answer with 200 first, and with what failed in the body.
    /// - Returns: nil for a success.
    init?(_ answer: HTTPAnswer, isEarly: Bool) {
        let isSuccess = (200..<300).contains(answer.status)
        if isSuccess && !isEarly { return nil }
        let root = XMLElement.parse(answer.body).flatMap { $0.name == "Error" ? $0 : nil }
        if isSuccess && root == nil { return nil }
        status = answer.status
        word = root?["Code"]?.text
        message = root?["Message"]?.text
        requestID = answer.headers.first(name: "x-amz-request-id") ?? root?["RequestId"]?.text
        region = answer.headers.first(name: "x-amz-bucket-region") ?? root?["Region"]?.text
        date = answer.headers.first(name: "Date")
    }

    /// - Parameters:
    ///   - signedRegion: That the request was signed for.
    ///   - now: By this machine's clock.
    func failure(signedFor signedRegion: String, at now: UTCTime) -> CallFailure {
        let (code, isTransient) = classification
        var reason = ["\(status)", word].compactMap(\.self).joined(separator: " ")
        if let message, !message.isEmpty {
            reason += ": \(message.prefix(Self.maxMessageCharacters).replacing("\n", with: " "))"
        }
        if let requestID { reason += " (request \(requestID))" }
        var failure = CallFailure(code, reason, isTransient: isTransient, status: status, serverCode: word)
        if word == "RequestTimeTooSkewed" {
            failure.reason +=
                "; this machine's clock says \(now.basic)" + (date.map { ", the server's \($0)" } ?? "")
        } else if let region, region != signedRegion, !isTransient, status < 500 {
            failure.code = .invalidConfiguration
            failure.reason += "; the bucket is in the region \(region), not \(signedRegion)"
        }
        return failure
    }

    /// Whether it was the credentials' time that was over.
    var refusesToken: Bool {
        switch word {
        case "ExpiredToken", "InvalidToken", "TokenRefreshRequired": true
        default: false
        }
    }

    /// What it means, and whether another attempt may succeed.
    private var classification: (ObjectStoreError.Code, isTransient: Bool) {
        if let word, let known = Self.known(word) { return known }
        if refusesToken { return (.notAuthorized, false) }
        return switch status {
        case 301, 307, 308: (.invalidConfiguration, false)
        case 401, 403: (.notAuthorized, false)
        case 408, 504: (.timedOut, true)
        case 429: (.throttled, true)
        case 507: (.noSpace, false)
        // What a server doesn't do, it won't do later.
        case 501: (.refused, false)
        // Of those that are answered early, the failure has no status of its own.
        case 200..<300, 500...: (.unreachable, true)
        default: (.refused, false)
        }
    }

    private static func known(_ word: String) -> (ObjectStoreError.Code, isTransient: Bool)? {
        switch word {
        case "NoSuchBucket": (.noSuchBucket, false)
        case "SlowDown", "Throttling", "ThrottlingException", "TooManyRequests", "RequestLimitExceeded":
            (.throttled, true)
        case "RequestTimeout": (.timedOut, true)
        case "InternalError", "ServiceUnavailable": (.unreachable, true)
        case "BadDigest", "InvalidDigest", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch":
            (.corrupt, false)
        case "QuotaExceeded", "InsufficientStorage", "XMinioStorageFull": (.noSpace, false)
        case "InvalidBucketName", "KeyTooLongError": (.invalidName, false)
        case "AuthorizationHeaderMalformed", "PermanentRedirect", "TemporaryRedirect":
            (.invalidConfiguration, false)
        default: nil
        }
    }
}
