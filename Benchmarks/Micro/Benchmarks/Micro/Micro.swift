import Benchmark

/// Registers all of them; the library calls it by this name.
let benchmarks: @Sendable () -> Void = {
    registerVersions()
    registerRing()
    registerCoordinators()
    registerRESP()
    registerHTTP()
    registerEngine()
}
