import Testing

@testable import ClusterCore

@Suite struct DataMapTests {
    @Test(arguments: Versions.Policy.allCases) func fieldsConvergeEachByItself(policy: Versions.Policy) {
        var (a, b) = (DataReplica(1, policy: policy), DataReplica(2, policy: policy))
        #expect(a.change(.setFields(["x": "1", "y": "1", "x": "2"])) == .count(2))
        b.merge(a)
        #expect(a.change(.setFields(["x": "3"])) == .count(0))
        #expect(b.change(.setFields(["y": "4", "z": "4"])) == .count(1))
        a.merge(b)
        b.merge(a)
        #expect(a.fields == ["x": "3", "y": "4", "z": "4"] && a.versions == b.versions)
    }

    @Test func ofConcurrentValuesOfAFieldTheLaterIsShown() {
        var (a, b) = (DataReplica(1), DataReplica(2))
        a.change(.setFields(["x": "early"]))
        b.now += 10
        b.change(.setFields(["x": "late"]))
        a.merge(b)
        #expect(a.fields == ["x": "late"])
        a.change(.setFields(["x": "both"]))
        #expect(a.fields == ["x": "both"] && a.versions.siblings.count == 1)
    }

    @Test func aFieldThatIsSetAgainSurvivesAConcurrentRemoval() {
        var (a, b) = (DataReplica(1), DataReplica(2))
        a.change(.setFields(["x": "1", "y": "1"]))
        b.merge(a)
        a.change(.setFields(["x": "2"]))
        #expect(b.change(.removeFields("x", "y", "z")) == .count(2))
        a.merge(b)
        #expect(a.fields == ["x": "2"])
    }

    @Test func onlyAnAbsentFieldIsSet() {
        var replica = DataReplica(1)
        #expect(replica.change(.setFieldIfAbsent("x", "1")) == .count(1))
        #expect(replica.change(.setFieldIfAbsent("x", "2")) == .count(0))
        #expect(replica.fields == ["x": "1"])
        replica.change(.removeFields("x"))
        #expect(replica.change(.setFieldIfAbsent("x", "3")) == .count(1))
        #expect(replica.fields == ["x": "3"])
    }

    @Test func fieldsCount() {
        var (a, b) = (DataReplica(1), DataReplica(2))
        #expect(a.change(.add(5, toField: "x")) == .number("5"))
        a.change(.setFields(["y": "10", "z": "text"]))
        b.merge(a)
        #expect(a.change(.add(1, toField: "y")) == .number("11"))
        #expect(b.change(.add(2, toField: "y")) == .number("12"))
        #expect(b.change(.add(1, toField: "x")) == .number("6"))
        #expect(a.change(.add(1, toField: "z")) == .failure(.notANumber))
        a.merge(b)
        #expect(a.fields == ["x": "6", "y": "13", "z": "text"])
        // What is set then is counted from anew.
        a.change(.setFields(["y": "1"]))
        #expect(a.change(.add(1, toField: "y")) == .number("2"))
        #expect(a.change(.removeFields("x", "y")) == .count(2))
        #expect(a.fields == ["z": "text"])
        #expect(a.change(.add(1, toField: "x")) == .number("1"))
    }

    @Test func fieldsAreInTheOrderOfTheirNames() {
        var replica = DataReplica(1)
        replica.change(.setFields(["b": "1", "a": "1", "c": "1"]))
        #expect(replica.contents.map(\.fieldName) == [[0x61], [0x62], [0x63]])
    }
}
