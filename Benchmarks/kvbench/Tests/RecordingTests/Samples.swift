import Foundation

@testable import Recording

extension NodeSample {
    /// As a node of this name tells it, which has been asked for nothing but what is said.
    static func sample(
        _ node: String = "node0", started: Int = 1_000, uptime: Int = 0, every: Int = 1,
        requests: [String: Int] = [:], notFound: Int = 0, values: (counts: [Int], sums: [Int]) = ([], []),
        hashes: [UInt64] = [], samples: Int = 0, counters: [[Int]] = []
    ) throws -> NodeSample {
        let kinds = ["get": 0, "put": 0, "delete": 0, "update": 0, "list": 0].merging(requests) { $1 }
        let none: [String: [Int]] = ["counts": [], "sums": []]
        let members: [String: Any] = [
            "node": node, "started_ms": started, "uptime_ms": uptime, "sample_every": every,
            "requests": kinds, "not_found": notFound, "key_bytes": none, "list_limits": none,
            "value_bytes": ["counts": values.counts, "sums": values.sums],
            "key_registers": Data(registers(of: hashes)).base64EncodedString(),
            "popularity": ["samples": samples, "counters": counters],
        ]
        let json = try JSONSerialization.data(withJSONObject: members)
        return try NodeSample(json: String(decoding: json, as: UTF8.self), from: "here:7402")
    }

    /// As a node has them: the register by the first ten bits, the zeros that follow and one.
    static func registers(of hashes: [UInt64]) -> [UInt8] {
        var registers = [UInt8](repeating: 0, count: 1_024)
        for hash in hashes {
            let rank = UInt8((hash << 10).leadingZeroBitCount + 1)
            registers[Int(hash >> 54)] = max(registers[Int(hash >> 54)], rank)
        }
        return registers
    }
}
