import NIOCore
import NIOHTTP1

/// The removal of many objects with one request.
///
/// https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
enum S3Deletion {
    /// In one request.
    static let maxKeys = 1_000

    static func request(_ keys: some Collection<String>) -> S3Request {
        let objects = keys.map { "<Object><Key>\(XMLElement.escape($0))</Key></Object>" }.joined()
        let body = ByteBuffer(
            string:
                "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Quiet>true</Quiet>\(objects)</Delete>"
        )
        return S3Request(
            method: .POST, query: [("delete", "")],
            headers: [("content-type", "application/xml"), ("content-md5", Hashes.base64(Hashes.md5(body)))],
            body: S3Request.Payload(body))
    }

    /// - Throws: For the first object that is still there.
    static func check(_ answer: HTTPAnswer) throws(CallFailure) {
        guard let root = XMLElement.parse(answer.body), root.name == "DeleteResult" else {
            throw CallFailure(.corrupt, "the answer doesn't say what was removed")
        }
        let errors = root.all("Error").filter { $0["Code"]?.text != "NoSuchKey" }
        guard let first = errors.first else { return }
        let word = first["Code"]?.text ?? ""
        throw CallFailure(
            word == "AccessDenied" ? .notAuthorized : .refused,
            "\(errors.count) are still there, of which \(first["Key"]?.text ?? ""): \(word): \(first["Message"]?.text ?? "")",
            serverCode: word)
    }
}
