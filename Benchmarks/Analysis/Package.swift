// swift-tools-version: 6.2
import PackageDescription

// The room under measurement by symbolic link, as in ../Ingest.
let strict: [SwiftSetting] = [.enableUpcomingFeature("ExistentialAny"), .enableUpcomingFeature("InternalImportsByDefault")]

let package = Package(
    name: "analysis",
    targets: [
        .target(name: "Units", swiftSettings: strict),
        .target(name: "HeapSnapshot", dependencies: ["Units"], swiftSettings: strict),
        .executableTarget(name: "summary", dependencies: ["HeapSnapshot"], swiftSettings: strict),
    ]
)
