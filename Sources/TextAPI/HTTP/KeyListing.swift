import ClusterCore
import Foundation

/// A page of keys in JSON.
enum KeyListing {
    /// `{"keys": [...], "cursor": ...}`: each key is `{"key": text}` if its bytes are UTF-8, else
    /// `{"key_base64": text}`; the cursor is null at the end.
    static func reply(_ listing: Listing) -> HTTPReply {
        let keys = listing.keys.map { key in
            if let text = String(validating: key, as: UTF8.self) { return ["key": text] }
            return ["key_base64": Base64.encode(key)]
        }
        let cursor: Any = listing.cursor.map(Base64.encodeForURL) ?? NSNull()
        return .json(["keys": keys, "cursor": cursor])
    }
}
