import ClusterCore
import Testing

@testable import kvnode

@Suite struct MemberParserTests {
    @Test func fieldsAreOptional() throws {
        #expect(try MemberParser.parse("n0@host:7401") == Member(name: "n0", address: "host:7401"))
        #expect(
            try MemberParser.parse(" n1@[::1]:1 ; weight=2.5; zone=a ")
                == Member(name: "n1", address: "[::1]:1", zone: "a", weight: 2.5))
    }

    @Test(arguments: [
        ("n0", "no \"@\""), ("@h:1", "the name \"\""), ("a b@h:1", "the name \"a b\""),
        ("n@h", "the address \"h\""), ("n@h:0", "the address \"h:0\""), ("n@h:1;", "\"\" is not zone"),
        ("n@h:1;zone", "\"zone\" is not zone=NAME"), ("n@h:1;zone=", "the zone \"\""),
        ("n@h:1;zone=a;zone=b", "zone is given twice"), ("n@h:1;weight=0", "the weight \"0\""),
        ("n@h:1;weight=nan", "the weight \"nan\""), ("n@h:1;weight=1001", "0.01 to 1000"),
        ("n@h:1;wieght=1", "did you mean \"weight\"?"),
    ])
    func mistakesAreNamed(entry: String, expected: String) {
        #expect {
            try MemberParser.parse(entry)
        } throws: { error in
            (error as? MemberParser.Failure)?.message.contains(expected) ?? false
        }
    }
}
