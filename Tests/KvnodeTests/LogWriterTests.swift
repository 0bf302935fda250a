import Engine
import Foundation
import Synchronization
import Testing

@testable import kvnode

@Suite struct LogWriterTests {
    /// Whoever reads the log: takes nothing while it is shut.
    private final class Reader: Sendable {
        private let state = Monitor((isShut: false, calls: 0, text: ""))

        var text: String { state.withLock { $0.text } }

        func shut() { state.withLock { $0.isShut = true } }

        func open() {
            state.withLock { $0.isShut = false }
            state.wakeAll()
        }

        func take(_ bytes: [UInt8]) {
            state.withLock { $0.calls += 1 }
            state.wakeAll()
            state.wait { state -> Void? in
                if state.isShut { return nil }
                state.text += String(decoding: bytes, as: UTF8.self)
                return ()
            }
        }

        /// Waits until something was offered that it does not take.
        func waitForOffer() { state.wait { $0.calls > 0 ? () : nil } }
    }

    private func makeWriter(_ reader: Reader, maxQueuedBytes: Int) -> LogWriter {
        LogWriter(maxQueuedBytes: maxQueuedBytes, write: { reader.take($0) }) { Array("lost \($0)\n".utf8) }
    }

    @Test func linesOfManyThreadsComeWholeAndInOrder() async throws {
        let reader = Reader()
        let writer = makeWriter(reader, maxQueuedBytes: 1 << 20)
        await withTaskGroup { group in
            for name in ["a", "b", "c"] {
                group.addTask {
                    for number in 0..<200 { writer.append(Array("\(name) \(number)\n".utf8)) }
                }
            }
        }
        #expect(writer.finish(within: .seconds(60)))
        let lines = reader.text.split(separator: "\n")
        #expect(lines.count == 600)
        for name in ["a", "b", "c"] {
            let own = lines.filter { $0.hasPrefix(name) }
            #expect(own == (0..<200).map { "\(name) \($0)" })
        }
    }

    @Test func aReaderThatTakesNothingHoldsUpNobodyAndLossesAreTold() {
        let reader = Reader()
        let writer = makeWriter(reader, maxQueuedBytes: 6)
        reader.shut()
        writer.append(Array("0\n".utf8))
        reader.waitForOffer()
        // Six bytes may wait: the rest is lost, also what is short enough for the room that is left.
        for number in 1...3 { writer.append(Array("\(number)\n".utf8)) }
        writer.append(Array("long\n".utf8))
        writer.append(Array("5\n".utf8))
        #expect(!writer.finish(within: .milliseconds(1)))
        reader.open()
        #expect(writer.finish(within: .seconds(60)))
        #expect(reader.text == "0\n1\n2\n3\nlost 2\n")
        writer.append(Array("6\n".utf8))
        #expect(writer.finish(within: .seconds(60)))
        #expect(reader.text.hasSuffix("lost 2\n6\n"))
    }

    @Test func aLineThatNeverHasRoomIsCountedToo() {
        let reader = Reader()
        let writer = makeWriter(reader, maxQueuedBytes: 3)
        writer.append(Array("a\n".utf8))
        // Whoever writes waits for more by now.
        #expect(writer.finish(within: .seconds(60)))
        writer.append(Array("much too long\n".utf8))
        #expect(writer.finish(within: .seconds(60)))
        writer.append(Array("x\n".utf8))
        #expect(writer.finish(within: .seconds(60)))
        #expect(reader.text == "a\nlost 1\nx\n")
    }
}
