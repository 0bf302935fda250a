import Glibc

func complain(_ text: String) {
    let line = Array("load: \(text)\n".utf8)
    write(STDERR_FILENO, line, line.count)
}

guard let arguments = Arguments(CommandLine.arguments.dropFirst()) else {
    complain(Arguments.usage)
    exit(64)
}
do {
    var load = try Load(arguments)
    print(try load.run())
} catch {
    complain("\(error)")
    exit(1)
}
