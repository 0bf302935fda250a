/// Looks, again and again, whether what goes on by itself has come about.
///
/// - Returns: False if it has not for a minute, which bounds a hang and nothing else.
func eventually(_ isTrue: () async throws -> Bool) async rethrows -> Bool {
    let end = ContinuousClock.now + .seconds(60)
    repeat {
        if try await isTrue() { return true }
        await Task.yield()
    } while .now < end
    return false
}
