import Foundation
import Testing

/// Repeats what the fuzzer has found to reach something new (docs/testing.md), so that nothing of it breaks unseen between its
/// runs.
@Suite struct CorpusTests {
    private static let corpora = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Corpora")

    @Test(arguments: FuzzTarget.all.map(\.name))
    func everyInput(name: String) throws {
        let target = try #require(FuzzTarget.all.first { $0.name == name })
        let folder = Self.corpora.appending(path: name)
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        var taken = 0
        for file in files {
            let input = [UInt8](try Data(contentsOf: file))
            #expect(throws: Never.self, "Tests/Corpora/\(name)/\(file.lastPathComponent)") {
                if try target.check(input) { taken += 1 }
            }
        }
        // Else the format has changed, and nothing here says anything any more.
        #expect(taken > 0, "none of \(files.count) inputs is taken")
    }

    @Test func everyFolderHasItsTarget() throws {
        let folders = try FileManager.default.contentsOfDirectory(atPath: Self.corpora.path)
        #expect(folders.sorted() == FuzzTarget.all.map(\.name).sorted())
    }
}
