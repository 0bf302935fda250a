import NIOCore
import NIOHTTP1
import Testing

@testable import ObjectStorage

/// The forms of names, places, times and documents.
struct FormTests {
    // MARK: Names

    @Test(arguments: [
        "a", "backups/2026-11-28/node_1.sst", "A-Z.a_z", "a.b/c..d", String(repeating: "x", count: 512),
    ])
    func `Names that do`(_ name: String) throws {
        try ObjectName.check(name)
        try ObjectName.checkPrefix(name)
    }

    @Test(arguments: [
        ("", "is empty"), ("/a", "an empty part"), ("a/", "an empty part"), ("a//b", "an empty part"),
        ("..", "begins with \".\""), ("a/../b", "begins with \".\""), (".hidden", "begins with \".\""),
        ("a b", "other characters"), ("a\u{0}b", "other characters"), ("ä", "other characters"),
        (String(repeating: "x", count: 513), "longer than 512 bytes"),
    ])
    func `Names that don't`(_ name: String, _ fault: String) throws {
        let error = #expect(throws: ObjectStoreError.self) { try ObjectName.check(name) }
        #expect(error?.code == .invalidName)
        #expect(error?.message.contains(fault) == true)
    }

    @Test func `Prefixes may end anywhere`() throws {
        for prefix in ["", "a", "a/", "a/b", "a/b-"] { try ObjectName.checkPrefix(prefix) }
        for prefix in ["/", "a//", "a/.", ".", "ä"] {
            #expect(throws: ObjectStoreError.self) { try ObjectName.checkPrefix(prefix) }
        }
    }

    // MARK: Locations

    @Test(arguments: [
        ("s3://bucket", ObjectStoreLocation.s3(bucket: "bucket", prefix: "")),
        ("s3://bucket/", .s3(bucket: "bucket", prefix: "")),
        ("s3://my.bucket-1/team=a/x y/", .s3(bucket: "my.bucket-1", prefix: "team=a/x y")),
        ("file:///var/backups/", .file(path: "/var/backups")), ("file:///", .file(path: "/")),
    ])
    func `Locations that do`(_ text: String, _ location: ObjectStoreLocation) throws {
        #expect(try ObjectStoreLocation(text) == location)
        #expect(try ObjectStoreLocation(location.description) == location)
    }

    @Test(arguments: [
        ("/var/backups", "begins neither with \"s3://\""), ("http://bucket", "begins neither"),
        ("file://var/backups", "no absolute path"), ("file:///a\u{0}", "zero byte"),
        ("s3://", "3 to 63 characters"), ("s3://Bucket", "other characters"),
        ("s3://a..b", "other characters"),
        ("s3://-bucket", "begins or ends"), ("s3://bucket//a", "empty part"),
        ("s3://bucket/a/../b", "empty part"),
        ("s3://bucket/a\nb", "control characters"),
        ("s3://bucket/" + String(repeating: "x", count: 501), "longer than 500 bytes"),
    ])
    func `Locations that don't`(_ text: String, _ fault: String) {
        let error = #expect(throws: ObjectStoreError.self) { try ObjectStoreLocation(text) }
        #expect(error?.code == .invalidName)
        #expect(error?.message.contains(fault) == true, "\(String(describing: error))")
    }

    // MARK: Addresses

    private func address(
        _ bucket: String = "bucket", region: String = "eu-west-1", endpoint: String? = nil,
        by addressing: S3Configuration.Addressing = .automatic
    ) throws -> String {
        let address = try S3Address(
            bucket: bucket, region: region, endpoint: endpoint, addressing: addressing)
        return address.origin + address.path(of: "a b/c")
    }

    @Test func `Addresses of AWS`() throws {
        #expect(try address() == "https://bucket.s3.eu-west-1.amazonaws.com/a%20b/c")
        #expect(try address("my.bucket") == "https://s3.eu-west-1.amazonaws.com/my.bucket/a%20b/c")
        #expect(try address(by: .path) == "https://s3.eu-west-1.amazonaws.com/bucket/a%20b/c")
        #expect(try address(region: "cn-north-1") == "https://bucket.s3.cn-north-1.amazonaws.com.cn/a%20b/c")
    }

    @Test func `Addresses of other servers`() throws {
        #expect(try address(endpoint: "http://[::1]:9000/") == "http://[::1]:9000/bucket/a%20b/c")
        #expect(try address(endpoint: "https://minio.example:443") == "https://minio.example/bucket/a%20b/c")
        #expect(try address(endpoint: "http://h:9000", by: .virtualHosted) == "http://bucket.h:9000/a%20b/c")
        let bucket = try S3Address(
            bucket: "bucket", region: "r", endpoint: "http://h:80", addressing: .virtualHosted)
        #expect(bucket.host == "bucket.h")
        #expect(bucket.path(of: nil) == "/")
    }

    @Test(arguments: [
        "h:9000", "ftp://h", "http://", "http://h/path", "http://user@h", "http://h?x", "https://h:99999999",
    ])
    func `Endpoints that are no address`(_ endpoint: String) {
        let error = #expect(throws: ObjectStoreError.self) { try address(endpoint: endpoint) }
        #expect(error?.code == .invalidConfiguration)
    }

    // MARK: Encodings

    @Test func `Percent-encoding`() {
        #expect(PercentEncoding.encode("aZ09-._~") == "aZ09-._~")
        #expect(PercentEncoding.encode("a/b c+d%ä") == "a%2Fb%20c%2Bd%25%C3%A4")
        #expect(PercentEncoding.encode("/a/b=c", keepingSlashes: true) == "/a/b%3Dc")
        #expect(PercentEncoding.query([("b", "1"), ("a", ""), ("a", "x y")]) == "a=&a=x%20y&b=1")
        for text in ["a/b c+d%ä", "", "\u{1}\u{7F}"] {
            #expect(PercentEncoding.decode(PercentEncoding.encode(text)) == text)
        }
        #expect(PercentEncoding.decode("a+b%2b") == "a b+")
        #expect(PercentEncoding.decode("%4") == nil)
        #expect(PercentEncoding.decode("%zz") == nil)
    }

    @Test(arguments: [
        (0, "19700101T000000Z", "1970-01-01T00:00:00Z"),
        (1_369_353_600, "20130524T000000Z", "2013-05-24T00:00:00.000Z"),
        (1_440_938_160, "20150830T123600Z", "2015-08-30T12:36:00Z"),
        (1_709_251_199, "20240229T235959Z", "2024-02-29T23:59:59.987654321Z"),
        (4_107_542_400, "21000301T000000Z", "2100-03-01T00:00:00Z"),
        (-1, "19691231T235959Z", "1969-12-31T23:59:59Z"),
    ])
    func `Times`(_ seconds: Int64, _ basic: String, _ text: String) {
        #expect(UTCTime(seconds: seconds).basic == basic)
        #expect(UTCTime(text)?.seconds == seconds)
    }

    @Test(arguments: [
        "", "2013-05-24", "2013-05-24T00:00:00", "2013-05-24T00:00:00+02:00", "2013-13-24T00:00:00Z",
        "2013-05-24T24:00:00Z", "2013-05-24T00:00:00.xZ", "2013-05-24 00:00:00Z",
    ])
    func `What is no time`(_ text: String) { #expect(UTCTime(text) == nil) }

    // MARK: XML

    @Test func `XML is read as a tree`() {
        let root = XMLElement.parse(
            ByteBuffer(
                string: """
                    <?xml version="1.0"?><!-- x --><R xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
                    <A>1 &lt; <![CDATA[2 & 3]]></A><B/><A>4</A></R>
                    """))
        #expect(root?.name == "R")
        #expect(root?.all("A").map(\.text) == ["1 < 2 & 3", "4"])
        #expect(root?["B"]?.text == "")
        #expect(root?["C"] == nil)
        for text in ["", "x", "<a>", "<a></b>", "{\"a\":1}"] {
            #expect(XMLElement.parse(ByteBuffer(string: text)) == nil)
        }
        let odd = "a<b>&\"'ä"
        #expect(XMLElement.parse(ByteBuffer(string: "<a>\(XMLElement.escape(odd))</a>"))?.text == odd)
    }

    @Test func `Files that a document names are not read`() {
        let text = "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>"
        #expect(XMLElement.parse(ByteBuffer(string: text))?.text.contains("root") != true)
    }

    private func listing(_ xml: String) throws -> S3Listing {
        try S3Listing(HTTPAnswer(status: 200, headers: [:], body: ByteBuffer(string: xml)))
    }

    @Test func `A page of a list is read`() throws {
        let page = try listing(
            """
            <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><EncodingType>url</EncodingType>
            <IsTruncated>true</IsTruncated><NextContinuationToken>t/+=</NextContinuationToken>
            <Contents><Key>p/a%2Bb+c%01</Key><LastModified>2013-05-24T00:00:00.000Z</LastModified><Size>42</Size></Contents>
            </ListBucketResult>
            """)
        #expect(page.next == "t/+=")
        #expect(page.objects == [StoredObject(name: "p/a+b c\u{1}", size: 42, modified: 1_369_353_600)])
    }

    @Test(arguments: [
        "", "<html></html>", "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
        "<ListBucketResult><Contents><Key>a</Key><Size>1</Size></Contents></ListBucketResult>",
        "<ListBucketResult><Contents><Size>1</Size></Contents></ListBucketResult>",
    ])
    func `What is no page of a list`(_ xml: String) {
        let error = #expect(throws: CallFailure.self) { try listing(xml) }
        #expect(error?.code == .corrupt)
    }
}
