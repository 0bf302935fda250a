/// First in, first out.
struct Queue<Element> {
    private var elements: [Element] = []
    private var head = 0

    var first: Element? { head < elements.count ? elements[head] : nil }

    mutating func append(_ element: Element) { elements.append(element) }

    /// There must be one.
    mutating func removeFirst() {
        head += 1
        // Seldom enough to cost nothing.
        if head == elements.count || head >= 1024 {
            elements.removeFirst(head)
            head = 0
        }
    }
}
