import Foundation
import Report
import Results
import Testing

@Suite struct PictureTests {
    @Test func `each chart is a file that stands alone`() throws {
        let pictures = Pictures(SamplePage.comparison).all
        #expect(
            pictures.map(\.name) == [
                "overview-buffered-throughput.svg", "overview-buffered-cpuPerOperation.svg",
                "a-buffered-latency.svg", "a-buffered-throughput.svg", "a-buffered-ratios.svg",
                "a-buffered-amplification.svg", "c-buffered-latency.svg", "c-buffered-throughput.svg",
                "c-buffered-ratios.svg", "c-buffered-amplification.svg",
            ])
        for (name, svg) in pictures {
            let picture = try ParsedPage(svg)
            #expect(picture.count("svg") == 1, "\(name)")
            #expect(picture.count("style") == 1, "\(name)")
            // What it is called is drawn, too, as nothing stands around it.
            let title = try #require(picture.texts["title"]?.first)
            #expect(picture.texts["text", default: []].contains(title), "\(name)")
        }
    }

    @Test func `an overview has each workload, and none is drawn of one`() throws {
        let overview = try #require(Pictures(SamplePage.comparison).all.first)
        let texts = try ParsedPage(overview.svg).texts["text", default: []]
        #expect(texts.contains("a") && texts.contains("c"))
        #expect(texts.count { $0 == "lmdb" } == 2)
        let one = Comparison.sample([.sample("lmdb", operations: [10_000])])
        #expect(!Pictures(one).all.contains { $0.name.hasPrefix("overview") })
    }

    @Test func `engines alone and with another durability have names of their own`() {
        var comparison = Comparison.sample([
            .sample("lmdb", workload: "a", [.sample(used: 1)]),
            .sample("lmdb", workload: "a", durability: "synced", [.sample(used: 1)]),
        ])
        comparison.alone = Alone(
            cells: [.sample("lmdb", workload: "a", [.sample(used: 1)])], operationsInFlight: 64)
        let names = Pictures(comparison).all.map(\.name)
        #expect(Set(names).count == names.count)
        #expect(names.contains("a-buffered-amplification.svg"))
        #expect(names.contains("a-synced-amplification.svg"))
        #expect(names.contains("a-buffered-alone-amplification.svg"))
    }
}
