import Foundation
import FoundationXML
import NIOCore
import NIOFoundationCompat

/// An element of an XML document, as far as AWS's answers use them: names without prefixes, text, children.
struct XMLElement {
    var name: String
    var text = ""
    var children: [XMLElement] = []

    /// - Returns: The root of a document; nil if the bytes are none.
    static func parse(_ bytes: ByteBuffer) -> XMLElement? {
        let builder = Builder()
        let parser = XMLParser(data: Data(buffer: bytes))
        parser.delegate = builder
        guard parser.parse() else { return nil }
        return builder.root
    }

    /// The first child of that name.
    subscript(name: String) -> XMLElement? { children.first { $0.name == name } }

    func all(_ name: String) -> [XMLElement] { children.filter { $0.name == name } }

    /// A text as it stands in a document.
    static func escape(_ text: String) -> String {
        var escaped = ""
        for character in text.unicodeScalars {
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }

    private final class Builder: NSObject, XMLParserDelegate {
        var root: XMLElement?
        /// The elements that are open, from the root on.
        private var open: [XMLElement] = []

        func parser(
            _ parser: XMLParser, didStartElement name: String, namespaceURI: String?,
            qualifiedName: String?, attributes: [String: String]
        ) {
            open.append(XMLElement(name: name))
        }

        func parser(_ parser: XMLParser, foundCDATA block: Data) {
            self.parser(parser, foundCharacters: String(decoding: block, as: UTF8.self))
        }

        func parser(_ parser: XMLParser, foundCharacters text: String) {
            guard !open.isEmpty else { return }
            open[open.count - 1].text += text
        }

        func parser(
            _ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?
        ) {
            guard let element = open.popLast() else { return }
            if open.isEmpty { root = element } else { open[open.count - 1].children.append(element) }
        }
    }
}
