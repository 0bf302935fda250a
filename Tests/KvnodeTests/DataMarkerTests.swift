import Testing

@testable import kvnode

@Suite struct DataMarkerTests {
    @Test func theFormatsAreAsDocumented() {
        let first = DataMarker(engine: "rocksdb")
        #expect(first.text == "kvnode data 1\nrocksdb\n")
        let second = first.next(engine: "lmdb")
        #expect(second.text == "kvnode data 2\nlmdb\nengine-2\nengine\n")
        let third = second.next(engine: "rocksdb")
        #expect(third.folder == "engine-3" && third.kept == ["engine", "engine-2"])
        let alone = DataMarker(engine: "lmdb", folder: "engine-2")
        #expect(alone.text == "kvnode data 2\nlmdb\nengine-2\n")
        for marker in [first, second, third, alone] { #expect(DataMarker(marker.text) == marker) }
    }

    @Test(arguments: [
        "", "kvnode data 1\n", "kvnode data 1\nrocksdb", "kvnode data 1\nrocksdb\nengine-2\n",
        "kvnode data 2\nlmdb\n", "kvnode data 2\nlmdb\nengine-2", "kvnode data 2\nlmdb\nengine-1\n",
        "kvnode data 2\nlmdb\nengine-02\n", "kvnode data 2\nlmdb\n../engine-2\n",
        "kvnode data 2\nlmdb\nengine-2\nx\n", "kvnode data 2\nlmdb\nengine-2\n\n",
        "kvnode data 2\nlmdb\nengine\n", "kvnode data 2\nlmdb\nengine\nengine-2\n",
        "kvnode data 3\nlmdb\nengine-2\n",
    ])
    func whatIsNoneIsRefused(_ text: String) {
        #expect(DataMarker(text) == nil)
    }

    @Test func onlyWhatNoMarkerNamesIsALeftover() {
        let marker = DataMarker(engine: "lmdb", folder: "engine-3", kept: ["engine", "engine-2"])
        for name in ["engine-4", "engine-4.place", "engine-2.place", "ENGINE.new"] {
            #expect(marker.isLeftover(name), "\(name)")
        }
        let others = [
            "engine-3", "engine-3.place", "engine-2", "engine", "ENGINE", "engine-x", "engine.place",
            "engine-4.tar", "backup",
        ]
        for name in others { #expect(!marker.isLeftover(name), "\(name)") }
        #expect(DataMarker(engine: "rocksdb").isLeftover("engine-2"))
        #expect(!DataMarker(engine: "rocksdb").isLeftover("engine"))
    }
}
