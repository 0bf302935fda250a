/// The area inside the axes of a chart with lines.
struct Plot {
    static let left = 58.0
    static let right = Chart.width - 12
    private static let length = 190.0

    /// Where the axes' names and numbers stand is left free around these.
    let top: Double
    var bottom: Double { top + Self.length }
    /// Of the whole chart.
    var height: Double { bottom + 40 }

    /// Lines across, the numbers below and beside them, and the axes' names.
    func axes(
        x: [(position: Double, label: String)], named xName: String, y scale: Scale, named yName: String
    ) -> [Markup] {
        var parts: [Markup] = []
        for tick in scale.ticks {
            let position = scale.position(tick.value)
            parts.append(Shape.line("grid", Self.left, position, Self.right, position))
            parts.append(Shape.text("soft end", Self.left - 6, position + 4, tick.label))
        }
        for tick in x {
            parts.append(Shape.line("axis", tick.position, bottom, tick.position, bottom + 4))
            parts.append(Shape.text("soft middle", tick.position, bottom + 17, tick.label))
        }
        parts.append(Shape.line("axis", Self.left, bottom, Self.right, bottom))
        parts.append(Shape.text("soft middle", (Self.left + Self.right) / 2, bottom + 34, xName))
        parts.append(Shape.text("soft start", 4, top - 8, yName))
        return parts
    }
}
