import Testing

@testable import TextAPI

@Suite struct KeySlotTests {
    /// The first is the check value of CRC-16/XMODEM, 0x31C3.
    @Test(arguments: [
        ("123456789", 12739), ("foo", 12182), ("", 0), ("{foo}bar", 12182), ("x{foo}{y}", 12182),
        ("foo{}", 5542), ("{", 4092),
    ]) func aSlotIsThatOfRedis(key: String, slot: Int) {
        #expect(KeySlot.slot(of: Array(key.utf8)) == slot)
    }
}
