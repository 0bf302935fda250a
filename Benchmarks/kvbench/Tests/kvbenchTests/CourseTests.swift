import Results
import Testing

@testable import kvbench

@Suite struct CourseTests {
    /// What is done to it, in the order of time.
    private final class Patient {
        var done: [String] = []
        var isWell = false
    }

    private let patient = Patient()

    private func step(_ share: Double, _ name: String, lasts: Bool = false) -> Course<Patient>.Step {
        Course<Patient>.Step(share: share, name: name) { patient in
            patient.done.append(name)
            return lasts ? { patient.isWell } : nil
        }
    }

    @Test func `steps are done when their part of the time is over, once`() throws {
        var course = Course(steps: [step(0.25, "hurt"), step(0.75, "healed")], seconds: 8)
        #expect(course.next == 2)
        try course.perform(at: 1.9, on: patient)
        #expect(patient.done.isEmpty)
        try course.perform(at: 2, on: patient)
        try course.perform(at: 2.1, on: patient)
        #expect(patient.done == ["hurt"])
        #expect(course.next == 6)
        try course.perform(at: 6.5, on: patient)
        #expect(patient.done == ["hurt", "healed"])
        #expect(course.next == nil)
        #expect(course.events == [Event(second: 2, name: "hurt"), Event(second: 6.5, name: "healed")])
    }

    @Test func `steps that are due together are done in their order`() throws {
        var course = Course(steps: [step(0.1, "one"), step(0.2, "two")], seconds: 10)
        try course.perform(at: 9, on: patient)
        #expect(patient.done == ["one", "two"])
    }

    @Test func `what takes its time is under way until it is complete`() throws {
        var course = Course(steps: [step(0.5, "ill", lasts: true)], seconds: 2)
        #expect(!course.isUnderWay)
        try course.perform(at: 1, on: patient)
        try course.notice(at: 1.5)
        #expect(course.isUnderWay)
        #expect(course.events == [Event(second: 1, name: "ill")])
        patient.isWell = true
        try course.notice(at: 4)
        #expect(!course.isUnderWay)
        #expect(course.events == [Event(second: 1, name: "ill", until: 4)])
        try course.notice(at: 5)
        #expect(course.events[0].until == 4)
    }
}
