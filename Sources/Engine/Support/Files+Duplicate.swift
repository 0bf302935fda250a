import Glibc

extension Files {
    /// Makes the directory `copy` with what the directory `path` holds: another name for each file that `isFixed` says is never
    /// written to, where the file system allows that, and a copy of each other one. Folders in it are left out.
    ///
    /// - Parameter isFixed: Gets a file's name.
    /// - Throws: `invalidArgument` if `copy` exists. What was copied stays after any other error.
    package static func duplicate(
        _ path: String, to copy: String, isFixed: (String) -> Bool
    ) throws(EngineError) {
        let names = try entries(of: path)
        try checkAbsent(copy)
        try makeDirectory(copy)
        for name in names {
            let (from, to) = (path + "/" + name, copy + "/" + name)
            guard try isFile(from) else { continue }
            if isFixed(name), link(from, to) == 0 { continue }
            try copyFile(from, to)
        }
        try synchronize(copy)
    }

    /// The names of what lies in a directory, in no order.
    package static func entries(of path: String) throws(EngineError) -> [String] {
        guard let directory = opendir(path) else { throw error(errno, "cannot read the directory", path) }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    private static func isFile(_ path: String) throws(EngineError) -> Bool {
        var status = stat()
        guard lstat(path, &status) == 0 else { throw error(errno, "cannot read", path) }
        return status.st_mode & S_IFMT == S_IFREG
    }

    private static func copyFile(_ from: String, _ to: String) throws(EngineError) {
        let source = Glibc.open(from, O_RDONLY | O_CLOEXEC)
        guard source >= 0 else { throw error(errno, "cannot open", from) }
        defer { Glibc.close(source) }
        let target = Glibc.open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard target >= 0 else { throw error(errno, "cannot create", to) }
        defer { Glibc.close(target) }
        var chunk = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = try fill(&chunk, from: source, from)
            try write(count == chunk.count ? chunk : Array(chunk[..<count]), to: target, to)
            if count < chunk.count { return }
        }
    }
}
