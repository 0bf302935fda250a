import Testing

@testable import Access

@Suite struct GrantTests {
    @Test func textsOfGrants() throws {
        for text in ["read:carts*", "write:carts", "admin:*", "read:a*b", "read:a:b", "write:é*"] {
            #expect(Grant(text)?.description == text)
        }
        for text in ["", "read", "read:", "own:carts", "Read:carts", ":carts*"] {
            #expect(Grant(text) == nil)
        }
    }

    @Test func roleIncludesLesserOnes() throws {
        for held in Permission.allCases {
            let grant = Grant(held, prefix: "carts")
            for wanted in Permission.allCases {
                #expect(grant.allows(wanted, in: "carts-1") == (wanted <= held))
                #expect(Grant(held, prefix: "").allowsOnNode(wanted) == (wanted <= held))
                // A bucket's administrator is not the cluster's.
                #expect(!grant.allowsOnNode(wanted))
            }
        }
    }

    @Test(arguments: [
        ("read:carts*", "carts", true), ("read:carts*", "carts-secret", true), ("read:carts*", "cart", false),
        ("read:carts", "carts", true), ("read:carts", "carts-secret", false), ("read:*", "x", true),
        // Characters that Swift takes for the same, and the store does not.
        ("read:caf\u{e9}*", "cafe\u{301}", false), ("read:caf\u{e9}", "cafe\u{301}", false),
        ("read:caf\u{e9}*", "caf\u{e9}s", true),
    ])
    func bucketsAreComparedByTheirBytes(_ text: String, _ bucket: String, _ isAllowed: Bool) throws {
        #expect(try #require(Grant(text)).allows(.read, in: bucket) == isAllowed)
    }
}
