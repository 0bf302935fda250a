import Glibc
import SwiftASN1
import X509

/// An IPv4 or IPv6 address, as a certificate has it: its bytes alone.
struct IPAddress: Equatable, Sendable {
    var bytes: [UInt8]

    /// Nil for a DNS name.
    init?(_ text: String) {
        for (family, count) in [(AF_INET, 4), (AF_INET6, 16)] {
            var bytes = [UInt8](repeating: 0, count: count)
            if inet_pton(family, text, &bytes) == 1 {
                self.bytes = bytes
                return
            }
        }
        return nil
    }

    /// Nil unless there are 4 or 16 bytes.
    init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        self.bytes = Array(bytes)
    }

    var text: String {
        var characters = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let family = bytes.count == 4 ? AF_INET : AF_INET6
        // Cannot fail: the family and the room are right.
        _ = inet_ntop(family, bytes, &characters, socklen_t(characters.count))
        return String(decoding: characters.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}

extension Certificate {
    /// The subject alternative names; none if they can't be read.
    var alternativeNames: [GeneralName] {
        do {
            return try extensions.subjectAlternativeNames.map(Array.init) ?? []
        } catch {
            return []
        }
    }

    /// The DNS names and addresses that it is for.
    var hosts: [String] {
        alternativeNames.compactMap { name in
            switch name {
            case .dnsName(let name): name
            case .ipAddress(let address): IPAddress(bytes: address.bytes)?.text
            default: nil
            }
        }
    }
}
