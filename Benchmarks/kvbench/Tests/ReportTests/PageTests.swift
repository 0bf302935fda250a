import Foundation
import Report
import Results
import Testing

@Suite struct PageTests {
    @Test func `a page is well-formed, and its ids are its own`() throws {
        let page = try ParsedPage(SamplePage.page)
        #expect(page.ids.count > 10)
        #expect(Set(page.ids).count == page.ids.count)
        // Links and labels lead somewhere.
        #expect(!page.references.isEmpty)
        #expect(Set(page.references).subtracting(page.ids).isEmpty)
    }

    @Test func `each chart has words that stand for it`() throws {
        let page = try ParsedPage(SamplePage.page)
        // Two workloads, four charts each, and two of both.
        #expect(page.count("svg") == 10)
        #expect(page.count("desc") == 10)
        // One more is the page's.
        #expect(page.count("title") == 11)
        #expect(page.texts["desc", default: []].allSatisfy { $0.contains("lmdb") })
    }

    @Test func `nothing is loaded, and no script runs`() throws {
        let page = try ParsedPage(SamplePage.page)
        for element in ["script", "link", "img", "iframe", "object", "image", "use"] {
            #expect(page.count(element) == 0, "\(element)")
        }
        #expect(page.addresses.allSatisfy { $0.hasPrefix("#") })
        #expect(!page.texts["style", default: []].joined().contains("url("))
        #expect(!page.texts["style", default: []].joined().contains("@import"))
    }

    @Test func `events stand beside their lines`() throws {
        let page = try ParsedPage(SamplePage.page)
        #expect(page.texts["text", default: []].contains("node2 killed"))
        // Two events in each of the two workloads.
        #expect(page.kinds.count { $0 == "event" } == 4)
    }

    @Test func `the verdict stands above all figures`() throws {
        let page = SamplePage.page
        let verdict = try #require(page.range(of: "Which engine for which workload"))
        let chart = try #require(page.range(of: "<svg"))
        let table = try #require(page.range(of: "<table"))
        #expect(verdict.upperBound < chart.lowerBound && verdict.upperBound < table.lowerBound)
    }

    @Test func `the tables are those of the text`() throws {
        let page = try ParsedPage(SamplePage.page)
        let fields = page.texts["td", default: []]
        let lines = MarkdownReport(SamplePage.comparison).text.split(separator: "\n")
        let rows = lines.filter { $0.hasPrefix("| lmdb |") }
        #expect(rows.count == 4)
        for row in rows {
            for field in row.split(separator: "|").dropFirst(2) {
                let text = field.trimmingCharacters(in: CharacterSet(charactersIn: " *"))
                #expect(text.isEmpty || fields.contains(text), "\(text)")
            }
        }
    }

    @Test func `every text is escaped`() throws {
        let strange = #"<b>&"x"</b>"# + "\u{1}"
        var comparison = SamplePage.comparison
        comparison.begun = strange
        comparison.command = [strange]
        comparison.machine.processor = strange
        comparison.versions = [strange: strange]
        comparison.options.driver = strange
        for index in comparison.cells.indices {
            comparison.cells[index].workload += strange
            comparison.cells[index].durability = strange
            comparison.cells[index].engine += strange
            comparison.cells[index].rounds[0].errors = [strange: 1]
            for round in comparison.cells[index].rounds.indices {
                comparison.cells[index].rounds[round].events = [Event(second: 1, name: strange)]
            }
        }
        let text = HTMLReport(comparison).page
        let page = try ParsedPage(text)
        #expect(page.count("b") == 0)
        #expect(text.contains("lmdb&lt;b&gt;&amp;&quot;x&quot;&lt;/b&gt;\u{FFFD}"))
        #expect(page.texts["text", default: []].contains(#"<b>&"x"</b>"# + "\u{FFFD}"))
    }

    @Test func `what was not measured has no chart`() throws {
        let bare = Comparison.sample([
            .sample("lmdb", [.sample(operations: 0)]), .sample("empty", workload: "a", []),
        ])
        let page = try ParsedPage(HTMLReport(bare).page)
        // Space amplification needs no operation, and that there were none is a throughput.
        #expect(page.count("svg") == 2)
        #expect(try ParsedPage(HTMLReport(.sample()).page).count("table") == 1)
    }

    /// To be looked at.
    @Test func `a sample page is written`() throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("kvbench-sample.html")
        try SamplePage.page.write(to: file, atomically: true, encoding: .utf8)
        let size = try #require(try file.resourceValues(forKeys: [.fileSizeKey]).fileSize)
        #expect(size > 10_000)
        print("sample page: \(file.path)")
    }
}
