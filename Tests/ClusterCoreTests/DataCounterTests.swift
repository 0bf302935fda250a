import Testing

@testable import ClusterCore

@Suite struct DataCounterTests {
    @Test(arguments: Versions.Policy.allCases) func concurrentIncrementsAreAllKept(policy: Versions.Policy) {
        var (a, b) = (DataReplica(1, policy: policy), DataReplica(2, policy: policy))
        #expect(a.change(.add(5)) == .number("5"))
        b.merge(a)
        #expect(a.change(.add(1)) == .number("6"))
        #expect(b.change(.add(-10)) == .number("-5"))
        #expect(b.change(.add(2)) == .number("-3"))
        a.merge(b)
        b.merge(a)
        #expect(a.values == ["-2"] && b.values == ["-2"] && a.versions == b.versions)
        // One amount an actor, however often it counts.
        #expect(a.versions.siblings.count == 2)
    }

    @Test(arguments: Versions.Policy.allCases) func aNumberThatWasPutIsCountedFrom(policy: Versions.Policy) {
        var (a, b) = (DataReplica(1, policy: policy), DataReplica(2, policy: policy))
        a.put("10")
        b.merge(a)
        a.change(.add(1))
        #expect(b.change(.add(2)) == .number("12"))
        a.merge(b)
        #expect(a.contents == [.value(Array("13".utf8), contentType: "t")])
        // What is put then takes the place of all of it.
        a.put("7")
        b.merge(a)
        #expect(b.values == ["7"])
        #expect(b.change(.add(1)) == .number("8"))
    }

    @Test func anEarlierCountIsGoneWithALaterPutThatHadNotSeenIt() {
        var (a, b) = (DataReplica(1, policy: .lastWriteWins), DataReplica(2, policy: .lastWriteWins))
        b.change(.add(5))
        a.now = b.now
        a.put("10", blindly: true)
        a.merge(b)
        b.merge(a)
        #expect(a.values == ["10"] && a.versions == b.versions)
        // A later one stays.
        a.now += 5
        a.put("20", blindly: true)
        b.now = a.now
        b.change(.add(1))
        a.merge(b)
        #expect(a.values == ["21"])
    }

    @Test func countingOnChoosesOneOfSeveralValues() {
        var (a, b) = (DataReplica(1), DataReplica(2))
        a.put("10")
        b.now += 5
        b.put("20")
        a.merge(b)
        #expect(a.values == ["10", "20"])
        #expect(a.change(.add(1)) == .number("21"))
        #expect(a.values == ["21"])
    }

    /// A put that is concurrent with counting stays beside it, as any value does.
    @Test func theAmountsAreAddedToTheLatestValue() {
        var (a, b) = (DataReplica(1), DataReplica(2))
        a.put("10")
        b.merge(a)
        b.change(.add(1))
        a.now = b.now + 5
        a.put("50", blindly: true)
        a.merge(b)
        #expect(a.values.sorted() == ["10", "51"])
    }

    @Test func whatIsNoIntegerIsNotCountedFrom() {
        for text in ["", "x", "1.5", "01", " 1", "+1", "1e3", "9223372036854775808", "-0"] {
            var replica = DataReplica(1)
            replica.put(text)
            let before = replica
            #expect(replica.change(.add(1)) == .failure(.notANumber), "\(text)")
            #expect(replica.versions == before.versions)
        }
        var replica = DataReplica(1)
        replica.put("1e3")
        #expect(replica.change(.add(decimal: "0.5")) == .number("1000.5"))
        #expect(replica.change(.add(1)) == .failure(.notANumber))
        #expect(replica.change(.add(decimal: "-0.5")) == .number("1000"))
        #expect(replica.change(.add(1)) == .number("1001"), "what was added to is shown as a sum")
        replica.put("abc")
        #expect(replica.change(.add(decimal: "1")) == .failure(.notANumber))
    }

    @Test func theRangeIsThatOfInt() {
        var (a, b) = (DataReplica(1), DataReplica(2))
        a.put("\(Int.max)")
        #expect(a.change(.add(1)) == .failure(.outOfRange))
        #expect(a.change(.add(-1)) == .number("\(Int.max - 1)"))
        b.merge(a)
        a.change(.add(1))
        b.change(.add(1))
        a.merge(b)
        // Concurrent increments may lead out of it; nothing is lost.
        #expect(a.values == ["9223372036854775808"])
        #expect(a.change(.add(-1)) == .failure(.notANumber))
        #expect(a.change(.add(decimal: "-2")) == .number("\(Int.max - 1)"))
        #expect(a.change(.add(.min)) == .number("-2"))
    }

    @Test func aDeletedCounterBeginsAtZero() {
        for policy in Versions.Policy.allCases {
            var (a, b) = (DataReplica(1, policy: policy), DataReplica(2, policy: policy))
            a.change(.add(5))
            b.merge(a)
            b.change(.add(5))
            b.put(nil)
            a.merge(b)
            #expect(a.values == [] && a.change(.add(1)) == .number("1"))
            #expect(a.values == ["1"])
            b.merge(a)
            #expect(b.values == ["1"])
        }
    }

    @Test func anotherKindIsRefused() {
        var replica = DataReplica(1)
        replica.change(.addMembers("a"))
        #expect(replica.change(.add(1)) == .failure(.wrongType))
        #expect(replica.change(.setFields(["a": "b"])) == .failure(.wrongType))
        #expect(replica.change(.addMembers("b")) == .count(1))
        replica.put("x")
        #expect(replica.change(.addMembers("b")) == .failure(.wrongType))
        #expect(replica.values == ["x"])
    }
}
