import Foundation

#if canImport(FoundationXML)
import FoundationXML
#endif

/// What is in a page, as an XML parser reads it.
final class ParsedPage: NSObject, XMLParserDelegate {
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
