import Foundation
import Report
import Results
import Testing

#if canImport(FoundationXML)
import FoundationXML
#endif

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
        // Two workloads, four charts each.
        #expect(page.count("svg") == 8)
        #expect(page.count("desc") == 8)
        // One more is the page's.
        #expect(page.count("title") == 9)
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
        // Space amplification needs no operation.
        #expect(page.count("svg") == 1)
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

/// What is in a page, as an XML parser reads it.
private final class ParsedPage: NSObject, XMLParserDelegate {
    private(set) var ids: [String] = []
    private(set) var references: [String] = []
    private(set) var addresses: [String] = []
    private(set) var kinds: [String] = []
    /// By the element that they are in.
    private(set) var texts: [String: [String]] = [:]
    private var open: [(name: String, text: String)] = []

    init(_ page: String) throws {
        super.init()
        let parser = XMLParser(data: Data(page.utf8))
        parser.delegate = self
        guard parser.parse() else { throw parser.parserError ?? CocoaError(.fileReadCorruptFile) }
    }

    func count(_ element: String) -> Int { texts[element, default: []].count }

    func parser(
        _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
        attributes: [String: String]
    ) {
        open.append((name, ""))
        if let id = attributes["id"] { ids.append(id) }
        if let kind = attributes["class"] { kinds.append(kind) }
        references += attributes["aria-labelledby"]?.split(separator: " ").map(String.init) ?? []
        for address in [attributes["href"], attributes["src"]].compactMap(\.self) {
            addresses.append(address)
            references.append(String(address.dropFirst()))
        }
    }

    func parser(_ parser: XMLParser, foundCharacters text: String) {
        for index in open.indices { open[index].text += text }
    }

    func parser(
        _ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?
    ) {
        guard let last = open.popLast() else { return }
        texts[last.name, default: []].append(last.text)
    }
}
