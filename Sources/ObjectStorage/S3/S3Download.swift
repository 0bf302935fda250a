import NIOCore
import NIOHTTP1

/// An object on its way from S3.
enum S3Download {
    /// - Returns: nil if there is none.
    static func get(_ key: String, _ client: S3Client, maxBytes: Int) async throws(CallFailure) -> ByteBuffer?
    {
        do throws(CallFailure) {
            let answer = try await client.send(
                S3Request(
                    method: .GET, key: key, headers: [("x-amz-checksum-mode", "ENABLED")],
                    maxAnswerBytes: maxBytes))
            try check(answer)
            return answer.body
        } catch {
            // 404 alone would be any server's answer to whatever it does not know.
            if error.serverCode == "NoSuchKey" { return nil }
            throw error
        }
    }

    /// By the hash that came with the object when it was put, and by S3's own, as far as there are such.
    private static func check(_ answer: HTTPAnswer) throws(CallFailure) {
        let own = answer.headers.first(name: S3Upload.hashHeader)
        // That of an object of parts ends with their number, and is none of the object.
        let server = answer.headers.first(name: "x-amz-checksum-sha256").flatMap {
            $0.contains("-") ? nil : $0
        }
        if own == nil && server == nil { return }
        let hash = Hashes.sha256(answer.body)
        guard own ?? Hashes.hex(hash) == Hashes.hex(hash),
            server ?? Hashes.base64(hash) == Hashes.base64(hash)
        else {
            throw CallFailure(
                .corrupt,
                "its \(answer.body.readableBytes) bytes have the SHA-256 \(Hashes.hex(hash)), not the one that is kept with it"
            )
        }
    }
}
