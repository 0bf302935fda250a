import Testing

@testable import kvnode

@Suite struct SettingTests {
    @Test func integersKeepToTheirRange() {
        let kind = Setting.Kind.int(1...10)
        #expect(kind.parse("1") == .int(1))
        #expect(kind.parse("10") == .int(10))
        for text in ["0", "11", "", "1.5", "ten", "1 ", "99999999999999999999"] {
            #expect(kind.parse(text) == nil, "\(text)")
        }
    }

    @Test func powersOfTwo() {
        let kind = Setting.Kind.powerOfTwo(1...65_536)
        #expect(kind.parse("1") == .int(1))
        #expect(kind.parse("65536") == .int(65_536))
        for text in ["0", "3", "131072", "-2"] { #expect(kind.parse(text) == nil, "\(text)") }
    }

    @Test func truthValues() {
        #expect(Setting.Kind.bool.parse("true") == .bool(true))
        #expect(Setting.Kind.bool.parse("false") == .bool(false))
        for text in ["yes", "1", "True", ""] { #expect(Setting.Kind.bool.parse(text) == nil, "\(text)") }
    }

    @Test func names() {
        #expect(Setting.Kind.name.parse("node-0_a.b") == .text("node-0_a.b"))
        for text in ["", "a b", "a;b", "ä", String(repeating: "a", count: 65)] {
            #expect(Setting.Kind.name.parse(text) == nil, "\(text)")
        }
    }

    @Test func pathsAndChoices() {
        #expect(Setting.Kind.path.parse("/a b") == .text("/a b"))
        #expect(Setting.Kind.path.parse("") == nil)
        #expect(Setting.Kind.optionalPath.parse("") == .text(""))
        #expect(Setting.Kind.optionalPath.parse("/a b") == .text("/a b"))
        #expect(Setting.Kind.choice(["a", "b"]).parse("b") == .text("b"))
        #expect(Setting.Kind.choice(["a", "b"]).parse("B") == nil)
    }

    @Test func addresses() {
        #expect(HostPort("127.0.0.1:7400") == HostPort(host: "127.0.0.1", port: 7400))
        #expect(HostPort("[::1]:0") == HostPort(host: "::1", port: 0))
        #expect(HostPort("a-b.example:65535")?.description == "a-b.example:65535")
        #expect(HostPort("[fe80::1%eth0]:1")?.description == "[fe80::1%eth0]:1")
        for text in [
            "", ":1", "a", "a:", "a:65536", "a:-1", "a:+1", "::1:7400", "[a]:1", "[::1]", "a b:1", "[]:1",
        ] {
            #expect(HostPort(text) == nil, "\(text)")
        }
    }

    @Test func urls() {
        let kind = Setting.Kind.optionalURL
        for text in [
            "", "http://127.0.0.1:4318", "https://collector", "http://[::1]:4318/otlp/",
            "https://a.example/v1-x",
        ] {
            #expect(kind.parse(text) == .text(text), "\(text)")
        }
        for text in [
            "127.0.0.1:4318", "ftp://a:1", "http://", "http://:4318", "http://a:0", "http://a:65536",
            "http://user:secret@a:1", "http://a:1/b?c=d", "http://a:1/b c", "http://a:1#b", "http:///v1",
            "HTTP://a",
        ] {
            #expect(kind.parse(text) == nil, "\(text)")
        }
    }

    @Test func everySettingTakesItsDefaultAndHasItsOwnNames() {
        for table in [SettingTable(), SettingTable(engines: Sources.engines)] {
            for setting in table.settings where !setting.kind.isList {
                #expect(
                    setting.kind.parse(setting.defaultValue.text) == setting.defaultValue, "\(setting.key)")
                #expect(!setting.help.isEmpty)
            }
            #expect(Set(table.settings.map(\.key)).count == table.settings.count)
            #expect(Set(table.settings.map(\.environmentName)).count == table.settings.count)
        }
    }

    @Test func environmentNames() {
        let setting = Setting("engine.rocksdb.block_cache_bytes", .int(0...1), .int(0), "")
        #expect(setting.environmentName == "KVNODE_ENGINE_ROCKSDB_BLOCK_CACHE_BYTES")
    }

    @Test func editDistance() {
        func distance(_ a: String, _ b: String, atMost limit: Int = .max) -> Int? {
            NearestName.distance(Array(a.unicodeScalars), Array(b.unicodeScalars), atMost: limit)
        }
        #expect(distance("", "abc") == 3)
        #expect(distance("kitten", "sitting") == 3)
        #expect(distance("kitten", "sitting", atMost: 3) == 3)
        #expect(distance("kitten", "sitting", atMost: 2) == nil)
        #expect(distance("engien", "engine") == 1)
        #expect(distance("abcdef", "badcfe", atMost: 3) == 3)
        #expect(NearestName.find(for: "lmdb", among: ["lmbd", "lmdb", "lmdbs"]) == "lmdb")
        #expect(NearestName.find(for: "lmbd", among: ["rocksdb", "lmdb"]) == "lmdb")
        #expect(NearestName.find(for: "zzzzzz", among: ["rocksdb", "lmdb"]) == nil)
    }
}
