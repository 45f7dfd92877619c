// swift-tools-version: 6.2
import PackageDescription

// The room under test by symbolic link: all of it has to be built with coverage for libFuzzer, which comes with clang.
let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"), .enableUpcomingFeature("InternalImportsByDefault"),
    .unsafeFlags(["-sanitize=fuzzer", "-parse-as-library"]),
]

let package = Package(
    name: "fuzz",
    targets: [
        .target(name: "Units", swiftSettings: strict),
        .target(name: "HeapSnapshot", dependencies: ["Units"], swiftSettings: strict),
        .executableTarget(
            name: "snapshot-fuzz", dependencies: ["HeapSnapshot"], swiftSettings: strict, linkerSettings: [.unsafeFlags(["-sanitize=fuzzer"])]),
    ]
)
