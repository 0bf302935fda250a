/// A drawing with the words that stand for it where it can't be seen.
struct Chart {
    /// Tells it from the others of its group, in the name of a file.
    let name: String
    /// Of all charts, in the units of their coordinates: about what a phone is wide, so that text stays readable there.
    static let width = 420.0

    /// About what a text takes; nothing measures it here.
    static func width(of text: String) -> Double { 7.5 * Double(text.count) }

    let title: String
    /// How to read it; nil if the title says enough.
    var hint: String?
    /// What it shows, with numbers.
    let description: String
    let height: Double
    let content: [Markup]

    /// `id` is the chart's own on its page.
    func markup(id: String) -> Markup {
        let svg = svg(
            title, id: id, viewBox: "0 0 \(Self.width.coordinate) \(height.coordinate)", content)
        let caption = [.text(title)] + (hint.map { [Markup.element("small", text: $0)] } ?? [])
        return .element("figure", [.element("figcaption", caption), svg])
    }

    /// A file of its own, with `heading` above what it shows.
    func picture(_ heading: String) -> String {
        let (top, bottom) = (28.0, 6.0)
        let box = (width: Self.width + 12, height: top + height + bottom)
        let background = Markup.element(
            "rect",
            [
                "class": "paper", "x": "-6", "y": (-top).coordinate, "width": box.width.coordinate,
                "height": box.height.coordinate,
            ], [])
        let parts =
            [
                .element("style", text: Style.sheet), background, Shape.text("start heading", 4, -9, heading),
            ] + content
        let viewBox = "-6 \((-top).coordinate) \(box.width.coordinate) \(box.height.coordinate)"
        return svg(heading, id: name, viewBox: viewBox, parts).written + "\n"
    }

    private func svg(_ title: String, id: String, viewBox: String, _ parts: [Markup]) -> Markup {
        .element(
            "svg",
            [
                "xmlns": "http://www.w3.org/2000/svg", "viewBox": viewBox, "role": "img",
                "aria-labelledby": "\(id)-title \(id)-description",
            ],
            [
                .element("title", ["id": "\(id)-title"], text: title),
                .element("desc", ["id": "\(id)-description"], text: description),
            ] + parts)
    }
}

/// Shapes, by their coordinates.
enum Shape {
    static func line(_ kind: String, _ fromX: Double, _ fromY: Double, _ toX: Double, _ toY: Double) -> Markup
    {
        .element(
            "line",
            [
                "class": kind, "x1": fromX.coordinate, "y1": fromY.coordinate, "x2": toX.coordinate,
                "y2": toY.coordinate,
            ], [])
    }

    /// One point becomes a short line, since it would not be seen.
    static func path(_ kind: String, _ points: [(x: Double, y: Double)]) -> Markup {
        let points =
            points.count == 1 ? [(points[0].x - 3, points[0].y), (points[0].x + 3, points[0].y)] : points
        let steps = points.map { "\($0.x.coordinate),\($0.y.coordinate)" }
        return .element("path", ["class": kind, "d": "M" + steps.joined(separator: "L")], [])
    }

    /// `kind` says what of the text is at `x`: its `start`, `middle` or `end`. `y` is its base line.
    static func text(_ kind: String, _ x: Double, _ y: Double, _ text: String) -> Markup {
        .element("text", ["class": kind, "x": x.coordinate, "y": y.coordinate], text: text)
    }

    static func bar(_ kind: String, _ x: Double, _ y: Double, width: Double, height: Double) -> Markup {
        .element(
            "rect",
            [
                "class": kind, "x": x.coordinate, "y": y.coordinate, "width": width.coordinate,
                "height": height.coordinate,
            ], [])
    }
}

extension Double {
    /// To a tenth, which nobody sees.
    var coordinate: String {
        let tenth = (self * 10).rounded() / 10
        return tenth == tenth.rounded() ? "\(Int(tenth))" : "\(tenth)"
    }
}
