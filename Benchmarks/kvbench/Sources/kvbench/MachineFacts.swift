import Foundation
import Glibc
import Results

/// What the machine is, and how busy.
enum MachineFacts {
    static var loads: [Double] {
        var loads = [0.0, 0, 0]
        getloadavg(&loads, 3)
        return loads
    }

    static var loadAverage: String { loads.map { String(format: "%.2f", $0) }.joined(separator: " ") }

    static var current: Machine {
        var names = utsname()
        uname(&names)
        let kernel = withUnsafeBytes(of: names.release) {
            String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
        }
        return Machine(
            processor: processor, processors: ProcessInfo.processInfo.activeProcessorCount,
            memoryBytes: Int(ProcessInfo.processInfo.physicalMemory), kernel: kernel, loadBefore: loads)
    }

    private static var processor: String {
        let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("model name") }
        return line?.split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) } ?? "unknown"
    }

    static var line: String { "\(current.processors) × \(current.processor)" }
}
