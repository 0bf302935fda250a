/// A page of a list of objects.
///
/// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
struct S3Listing {
    /// With whole keys.
    var objects: [StoredObject] = []
    /// Asks for the next page; nil: this is the last.
    var next: String?

    /// - Throws: `corrupt` if it is no such page.
    init(_ answer: HTTPAnswer) throws(CallFailure) {
        guard let root = XMLElement.parse(answer.body), root.name == "ListBucketResult" else {
            throw CallFailure(.corrupt, "the answer is no list of objects")
        }
        let isEncoded = root["EncodingType"]?.text == "url"
        for entry in root.all("Contents") { objects.append(try Self.object(entry, isEncoded)) }
        guard root["IsTruncated"]?.text == "true" else { return }
        guard let token = root["NextContinuationToken"]?.text, !token.isEmpty else {
            throw CallFailure(.corrupt, "the list is cut off without saying where it goes on")
        }
        next = token
    }

    private static func object(_ entry: XMLElement, _ isEncoded: Bool) throws(CallFailure) -> StoredObject {
        guard let text = entry["Key"]?.text, let key = isEncoded ? PercentEncoding.decode(text) : text else {
            throw CallFailure(.corrupt, "the list has an object without a key")
        }
        guard let size = entry["Size"].flatMap({ Int($0.text) }),
            let modified = entry["LastModified"].flatMap({ UTCTime($0.text) })
        else { throw CallFailure(.corrupt, "the list has no size or no time of \(key)") }
        return StoredObject(name: key, size: size, modified: modified.seconds)
    }
}
