import Testing

@testable import TLS

@Suite struct RevocationListTests {
    @Test func readsSerialNumbersAsOthersPrintThem() throws {
        let list = try RevocationList("# a remark\n\n0A1B  # node1, lost\n de:ad:be:ef \r\nF\n")
        #expect(list.count == 3)
        #expect(list == (try RevocationList("deadbeef\nA1B\n0f")))
    }

    @Test(arguments: ["node1", "0x1F", "12 34 zz", "1G", "+1", String(repeating: "A", count: 41)])
    func refusesWhatIsNoSerialNumber(line: String) {
        #expect(throws: CredentialError("line 2 is no serial number in hexadecimal")) {
            try RevocationList("A1\n\(line)\n")
        }
    }

    @Test func nothingIsRevokedByNothing() throws { #expect(try RevocationList("") == .empty) }
}
