import CFuzzer
import Glibc

/// Runs libFuzzer on one target, whose name is in the environment: libFuzzer starts this program anew where it needs a second
/// process, and passes on the arguments that it knows, all of which are its own.
@main
enum Fuzz {
    private static let variable = "KVNODE_FUZZ_TARGET"
    private static let target: FuzzTarget = {
        let name = getenv(variable).map { String(cString: $0) } ?? ""
        guard let target = FuzzTarget.all.first(where: { $0.name == name }) else {
            let names = FuzzTarget.all.map(\.name).joined(separator: " ")
            say("\(variable) is \"\(name)\", and names none of: \(names)")
            exit(64)
        }
        return target
    }()

    /// What a check may take of the processor. Not of the time: a busy machine keeps a check waiting, and libFuzzer's own limit,
    /// which is one of time and finds what never ends, is far above this one for that.
    private static let mostSeconds = 2.0

    /// The input that came nearest to its allowance: its size, and what it took.
    // libFuzzer runs one input after the other, and what is done at the exit, on the thread of `main`.
    nonisolated(unsafe) private static var nearest = (size: 0, heap: 0, share: 0.0)

    static func main() {
        if CommandLine.arguments.dropFirst() == ["--targets"] {
            for target in FuzzTarget.all { print(target.name) }
            return
        }
        var arguments = CommandLine.arguments
        if !arguments.contains(where: { $0.hasPrefix("-max_len=") }) {
            arguments.append("-max_len=\(target.maxBytes)")
        }
        var count = CInt(arguments.count)
        // libFuzzer keeps them for as long as the process lives.
        let copies = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(
            capacity: arguments.count + 1)
        for (index, argument) in arguments.enumerated() { copies[index] = strdup(argument) }
        copies[arguments.count] = nil
        var vector: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = copies
        heap_meter_install()
        atexit {
            let (size, heap, share) = Fuzz.nearest
            Fuzz.say(
                "heap: at most \(Int(share * 100)) % of what is allowed, \(heap) bytes for an input of \(size)"
            )
        }
        exit(LLVMFuzzerRunDriver(&count, &vector) { Fuzz.run($0, $1) })
    }

    private static func run(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
        let input = [UInt8](UnsafeBufferPointer(start: data, count: size))
        let begun = processorSeconds()
        heap_meter_begin()
        do {
            _ = try target.check(input)
        } catch {
            fail("\(error)")
        }
        let most = heap_meter_peak()
        let seconds = processorSeconds() - begun
        if seconds > mostSeconds {
            fail("\(seconds) s of the processor for an input of \(size), \(mostSeconds) are allowed")
        }
        let allowed = target.heap.bytes(for: size)
        let share = Double(most) / Double(allowed)
        if share > nearest.share { nearest = (size, most, share) }
        if most > allowed { fail("\(most) bytes of heap for an input of \(size), \(allowed) are allowed") }
        return 0
    }

    /// Of this thread, since it began.
    private static func processorSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// libFuzzer keeps the input of a process that aborts.
    private static func fail(_ what: String) -> Never {
        say("\(target.name): \(what)")
        abort()
    }

    private static func say(_ line: String) {
        var text = line + "\n"
        text.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
