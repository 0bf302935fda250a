import NIOHTTP1

/// The files of the page for browsers, which are built into the program and hold nothing of the node's.
enum ConsoleFile: String, CaseIterable {
    case page = "index.html"
    case style = "console.css"
    case main = "main.js"
    case node = "node.js"
    case overview = "overview.js"
    case ring = "ring.js"
    case charts = "charts.js"
    case load = "load.js"
    case browser = "browser.js"
    case causality = "causality.js"
    case elements = "elements.js"

    private var bytes: [UInt8] {
        switch self {
        case .page: PackageResources.index_html
        case .style: PackageResources.console_css
        case .main: PackageResources.main_js
        case .node: PackageResources.node_js
        case .overview: PackageResources.overview_js
        case .ring: PackageResources.ring_js
        case .charts: PackageResources.charts_js
        case .load: PackageResources.load_js
        case .browser: PackageResources.browser_js
        case .causality: PackageResources.causality_js
        case .elements: PackageResources.elements_js
        }
    }

    private var contentType: String {
        switch self {
        case .page: "text/html; charset=utf-8"
        case .style: "text/css; charset=utf-8"
        default: "text/javascript; charset=utf-8"
        }
    }

    /// The browser takes nothing from elsewhere, and shows the page in nobody else's.
    private static let policy =
        "default-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

    var reply: HTTPReply {
        let headers: HTTPHeaders = [
            "content-type": contentType, "cache-control": "no-cache", "content-security-policy": Self.policy,
            "x-content-type-options": "nosniff", "referrer-policy": "no-referrer",
        ]
        return HTTPReply(.ok, headers, body: bytes)
    }
}
