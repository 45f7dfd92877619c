// swift-tools-version: 6.2
import PackageDescription

// Rooms and floors: docs/architecture.md. An arrow may only point downwards.
let strict: [SwiftSetting] = [.enableUpcomingFeature("ExistentialAny"), .enableUpcomingFeature("InternalImportsByDefault")]

func room(_ name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = []) -> Target {
    .target(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = []) -> Target {
    .testTarget(name: "\(name)Tests", dependencies: dependencies, resources: resources, swiftSettings: strict)
}

let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let log = Target.Dependency.product(name: "Logging", package: "swift-log")

let package = Package(
    name: "heapsnapd",
    products: [.executable(name: "heapsnapd", targets: ["heapsnapd"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // floor 0
        room("Units"),
        // floor 1
        .target(name: "CLinux"),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        room("Linux", ["CLinux", "Units", system]),
        .target(name: "CSystemd"),
        room("MemoryWatch", ["Units"]),
        room("AgentProtocol"),
        room("Control", ["Units", nioCore, nioPosix]),
        room("HeapSnapshot", ["Units"]),
        room("SnapshotStore", ["CLinux", "CZstd", "Units", system, .product(name: "Crypto", package: "swift-crypto")]),
        // floor 2
        room("Node", ["Linux", "Units"]),
        room("Systemd", ["CSystemd", "Linux", "Units", system]),
        // floor 3
        room("Supervisor", ["Linux", "Units", system]),
        room("Capture", ["AgentProtocol", "Node", "Linux", "SnapshotStore", "HeapSnapshot", "Units"]),
        // floor 4
        .executableTarget(
            name: "heapsnapd",
            dependencies: [
                "AgentProtocol", "Control", "Supervisor", "Capture", "Node", "Systemd", "Linux", "MemoryWatch", "SnapshotStore", "HeapSnapshot",
                "Units", log,
                system,
                nioCore, nioHTTP1, nioPosix,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: strict,
            // docs/decisions/0012-no-pool-monitor.md
            linkerSettings: [
                .unsafeFlags([
                    "-Xlinker", "--wrap=_dispatch_workq_worker_register", "-Xlinker", "--wrap=_dispatch_workq_worker_unregister",
                ])
            ]),
        .target(name: "SeededNumbers", path: "Tests/Support/SeededNumbers", swiftSettings: strict),
        tests("Units", ["Units"]),
        tests("Linux", ["Linux", "Units", system]),
        tests("MemoryWatch", ["MemoryWatch", "SeededNumbers", "Units"]),
        tests("AgentProtocol", ["AgentProtocol", "SeededNumbers"]),
        tests("Control", ["Control", "Units", nioCore, nioPosix]),
        tests("HeapSnapshot", ["CZstd", "HeapSnapshot", "Units"]),
        tests("SnapshotStore", ["SnapshotStore", "HeapSnapshot", "Units", system]),
        tests("Node", ["Node", "Linux", "Units"], resources: [.copy("Fixtures")]),
        tests("Systemd", ["Systemd", "Linux", "Units", system]),
        tests("Supervisor", ["Supervisor", "Linux", "Units", system]),
        tests("Capture", ["AgentProtocol", "Capture", "Node", "Linux", "SnapshotStore", "Units"]),
        tests(
            "Heapsnapd",
            [
                "heapsnapd", "Linux", "Systemd", "MemoryWatch", "Node", "SnapshotStore", "Capture", "Supervisor", "Units", log, nioCore, nioPosix,
            ]),
        // In the guest: Tests/SystemImage/scenarios/systemd.sh.
        .executableTarget(
            name: "systemd-probe", dependencies: ["Systemd", "Linux", "Units"], path: "Tests/SystemImage/Probe", swiftSettings: strict),
        // Real node, real cgroups, the real binary: HEAPSNAPD_BINARY names it.
        .testTarget(name: "EndToEnd", dependencies: ["Linux", "Units", system], path: "Tests/EndToEnd", swiftSettings: strict),
    ]
)
