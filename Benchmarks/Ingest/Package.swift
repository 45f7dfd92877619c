// swift-tools-version: 6.2
import PackageDescription

// The rooms under measurement by symbolic link: they are no products of heapsnapd, and a benchmark is no reason to make them so.
let strict: [SwiftSetting] = [.enableUpcomingFeature("ExistentialAny"), .enableUpcomingFeature("InternalImportsByDefault")]
let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")

let package = Package(
    name: "ingest",
    dependencies: [
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    ],
    targets: [
        .target(name: "CLinux"),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .target(name: "Units", swiftSettings: strict),
        .target(name: "HeapSnapshot", dependencies: ["Units"], swiftSettings: strict),
        .target(
            name: "SnapshotStore", dependencies: ["CLinux", "CZstd", "Units", system, .product(name: "Crypto", package: "swift-crypto")],
            swiftSettings: strict),
        .executableTarget(name: "ingest", dependencies: ["HeapSnapshot", "SnapshotStore", "Units"], swiftSettings: strict),
    ]
)
