import ArgumentParser
import Backup
import Foundation
import ObjectStorage

/// Where backups are, and with which key.
struct ArchiveOptions: ParsableArguments {
    @Option(
        name: [.customLong("to"), .customLong("from")],
        help: ArgumentHelp(
            "Where the backups are: s3://bucket/prefix or file:///folder. (environment: KVNODE_BACKUP_TO)",
            valueName: "place"))
    var place: String?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "The file with the key, where backups are encrypted. (environment: KVNODE_BACKUP_KEY_FILE)",
            valueName: "path"))
    var keyFile: String?

    @Option(
        name: .long,
        help: ArgumentHelp("The bucket's region. (environment: AWS_REGION)", valueName: "region"))
    var s3Region: String?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Where S3 is, if it is not AWS's. (environment: KVNODE_BACKUP_S3_ENDPOINT)", valueName: "url"))
    var s3Endpoint: String?

    @Flag(name: .long, help: "Print JSON, errors included.")
    var json = false

    func validate() throws {
        do throws(ObjectStoreError) {
            _ = try ObjectStoreLocation(try knownPlace)
        } catch {
            throw ValidationError(error.message)
        }
    }

    private var knownPlace: String {
        get throws(ObjectStoreError) {
            guard let place = place ?? Self.variable("KVNODE_BACKUP_TO") else {
                throw ObjectStoreError(.invalidName, "--to is missing: where the backups are")
            }
            return place
        }
    }

    private static func variable(_ name: String) -> String? {
        ProcessInfo.processInfo.environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Opens the archive for `body`; a failure is printed, and becomes the process's exit code.
    func run<R>(_ body: (Archive) async throws -> R) async throws -> R {
        do {
            return try await open(body)
        } catch let error as BackupError {
            throw try error.tell(asJSON: json)
        }
    }

    private func open<R>(_ body: (Archive) async throws -> R) async throws -> R {
        let key: BackupKey? =
            if let path = keyFile ?? Self.variable("KVNODE_BACKUP_KEY_FILE") {
                try BackupKeyFile.read(path)
            } else { nil }
        let s3 = S3Configuration(
            region: s3Region, endpoint: s3Endpoint ?? Self.variable("KVNODE_BACKUP_S3_ENDPOINT"))
        let store = try BackupStores(s3: s3).open(
            try knownPlace, environment: ProcessInfo.processInfo.environment)
        let result: R
        do {
            result = try await body(try await Archive(store, key: key))
        } catch {
            // The first error is the one to tell.
            _ = await store.closed()
            throw error
        }
        try await store.closed().get()
        return result
    }
}

extension BackupError {
    /// Prints why nothing came of it, and answers with the exit code that it stands for.
    func tell(asJSON json: Bool) throws -> ExitCode {
        if json {
            let error = ["reason": code.rawValue, "message": description]
            try Output.standardOutput.print(try JSONText.encode(["error": error]))
        } else {
            Output.standardError.write("kvnode: \(description) (\(code.rawValue))\n")
        }
        return code.exitCode
    }
}

extension BackupError.Code {
    var exitCode: ExitCode {
        switch self {
        case .notFound: .notFound
        case .damaged, .badKey: .damaged
        case .storage: .unavailable
        case .incomplete, .foreign, .occupied, .busy: .conditionFailed
        case .engine, .cancelled, .failed: .failure
        }
    }
}

extension ExitCode {
    fileprivate static let damaged = ExitCode(3)
}
