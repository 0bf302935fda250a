import Foundation
import Testing

@testable import TraceExport

/// A file of headers, for one test.
struct HeadersFile {
    var text: String

    init(_ text: String) { self.text = text }

    func headers() throws -> TraceHeaders {
        let path = FileManager.default.temporaryDirectory.appending(path: "kvnode-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect(FileManager.default.createFile(atPath: path, contents: Data(text.utf8)))
        return try TraceHeaders(file: path)
    }

    /// What is wrong with it; nil if nothing is.
    func problem() throws -> String? {
        do {
            _ = try headers()
            return nil
        } catch let error as TraceExportError {
            return error.description
        }
    }
}

@Suite struct TraceHeadersTests {
    @Test func `a header a line`() throws {
        let headers = try HeadersFile("# ours\n\nX-Key: a:b c \r\n  Authorization:Bearer x\nX-Empty:\n")
            .headers()
        #expect(
            headers.fields == [
                .init(name: "X-Key", value: "a:b c"), .init(name: "Authorization", value: "Bearer x"),
                .init(name: "X-Empty", value: ""),
            ])
    }

    @Test(arguments: ["secret", ": secret", "a b: secret", "ä: secret", "X: sécret", "X: a\u{7}secret"])
    func `a line that is none is named, and not shown`(line: String) throws {
        let problem = try #require(try HeadersFile("A: 1\n\(line)\n").problem())
        #expect(problem.hasPrefix("line 2 of ") && problem.hasSuffix("is no header, such as \"Name: value\""))
        #expect(!problem.contains("secret"))
    }

    @Test(arguments: ["Content-Type", "host", "grpc-timeout", "x-bin", "Content-Length"])
    func `what the protocol says itself can't be set`(name: String) throws {
        let problem = try #require(try HeadersFile("\(name): secret").problem())
        #expect(problem.hasSuffix(": \(name) can't be set"))
    }

    @Test func `a file that can't be read says why`() throws {
        #expect(throws: TraceExportError.self) { try TraceHeaders(file: "/no/such/file") }
        let long = String(repeating: "#\n", count: TraceHeaders.maxFileBytes)
        #expect(try HeadersFile(long).problem()?.contains("has more than") == true)
    }

    @Test func `a file of authorities that has none says so`() throws {
        var configuration = ExporterBench.configuration()
        configuration.trustRoots = "/no/such/file"
        #expect {
            try ExporterBench(configuration)
        } throws: { error in
            "\(error)".hasPrefix("the file /no/such/file has no certificates that can be read")
        }
    }
}
