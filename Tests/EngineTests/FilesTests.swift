import Engine
import Testing

@Suite struct FilesTests {
    @Test(arguments: [
        ("/a/b", "/a/"), ("/a/b/", "/a/"), ("/a", "/"), ("a", "."), ("a/", "."),
        ("a//b//", "a//"), ("/", "/"),
    ])
    func `the directory that holds an entry`(_ path: String, _ parent: String) {
        #expect(Files.parent(of: path) == parent)
    }
}
