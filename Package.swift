// swift-tools-version: 6.2
// SPDX-License-Identifier: MIT
import PackageDescription

let swift: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
]

// SwiftPM compiles C at -O0 in debug builds, which makes kernels 20 times slower than the tests can
// wait for; -ffp-contract=off keeps float results the same on machines with and without FMA.
let kernels: [CSetting] = [
    .treatAllWarnings(as: .error),
    .enableWarning("all"), .enableWarning("extra"), .enableWarning("conversion"), .enableWarning("shadow"),
    .define("_GNU_SOURCE"),
    .unsafeFlags(["-O3", "-ffp-contract=off", "-fno-math-errno", "-std=gnu17"]),
]

func product(_ name: String, _ package: String) -> Target.Dependency {
    .product(name: name, package: package)
}
// Tests of a release build look at optimised code; that they are so themselves only takes the compiler's time.
let quick: [SwiftSetting] = [
    .unsafeFlags(
        ["-Onone", "-no-whole-module-optimization", "-enable-batch-mode"], .when(configuration: .release))
]
func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: swift + quick)
}
let nio: [Target.Dependency] = [product("NIOCore", "swift-nio"), product("NIOPosix", "swift-nio")]
let log = product("Logging", "swift-log")
let metrics = product("Metrics", "swift-metrics")
let crypto = product("Crypto", "swift-crypto")
let arguments = product("ArgumentParser", "swift-argument-parser")

let package = Package(
    name: "bitnet-coord",
    products: [
        .executable(name: "bitnet-coord", targets: ["bitnet-coord"]),
        .executable(name: "bitnet-worker", targets: ["bitnet-worker"]),
        .executable(name: "bitnet-ctl", targets: ["bitnet-ctl"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto.git", from: "4.5.2"),
        .package(url: "https://github.com/jpsim/Yams.git", from: "6.2.2"),
        .package(url: "https://github.com/apple/swift-metrics.git", from: "2.13.0"),
        // Without its traits it needs FoundationEssentials only.
        .package(
            url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.1", traits: []),
        .package(url: "https://github.com/swift-server/async-http-client.git", from: "1.37.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-certificates.git", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-asn1.git", from: "1.7.4"),
    ],
    targets: [
        // What the system gives, and what it does when something is missing.
        .target(name: "CPlatform", cSettings: kernels),
        // Vocabulary that both wings share.
        .target(name: "BitNetCore", dependencies: ["CPlatform"], swiftSettings: swift),

        // The language of chat templates.
        .target(name: "Jinja", swiftSettings: swift),

        // What the coordinator says of itself over HTTP, and what bitnet-ctl reads.
        .target(name: "AdminAPI", dependencies: ["BitNetCore"], swiftSettings: swift),
        // Figures for Prometheus and lines for logs.
        .target(
            name: "Telemetry",
            dependencies: ["BitNetCore", log, metrics, product("CoreMetrics", "swift-metrics")],
            swiftSettings: swift),

        // The BitNet wing: files, arithmetic. Knows no network.
        // Its files include each other by their path in the target.
        .target(
            name: "CTernary", dependencies: ["CPlatform"], cSettings: kernels + [.headerSearchPath(".")]),
        .target(name: "CFormats", cSettings: kernels),
        .target(
            name: "BitNetFormats", dependencies: ["BitNetCore", "CFormats", crypto], swiftSettings: swift),
        .target(
            name: "BitNetTokenizer", dependencies: ["BitNetCore", "BitNetFormats", "Jinja"],
            swiftSettings: swift),
        // Models made up for tests and measurements.
        .target(
            name: "BitNetSynthesis", dependencies: ["BitNetCore", "BitNetFormats", "BitNetTokenizer"],
            swiftSettings: swift),
        .target(
            name: "BitNetEngine", dependencies: ["BitNetCore", "BitNetFormats", "CTernary", "CPlatform"],
            swiftSettings: swift),

        // The Cluster wing: messages, protocols, sockets. Knows no arithmetic.
        .systemLibrary(
            name: "CProtobufC", pkgConfig: "libprotobuf-c", providers: [.apt(["libprotobuf-c-dev"])]),
        .target(name: "CClusterProto", dependencies: ["CProtobufC"]),
        .target(
            name: "ClusterWire",
            dependencies: ["BitNetCore", "CClusterProto", "CProtobufC", product("NIOCore", "swift-nio")],
            swiftSettings: swift),
        .target(
            name: "ClusterProtocol", dependencies: ["BitNetCore", "ClusterWire", crypto], swiftSettings: swift
        ),
        .target(
            name: "ClusterPlanning", dependencies: ["BitNetCore", "ClusterWire"], swiftSettings: swift),
        .target(
            name: "ClusterTransport",
            dependencies: [
                "BitNetCore", "CPlatform", "ClusterWire", "ClusterProtocol",
                product("NIOSSL", "swift-nio-ssl"), product("X509", "swift-certificates"),
                product("SwiftASN1", "swift-asn1"), crypto, log,
            ] + nio,
            swiftSettings: swift),
        .target(
            name: "ClusterConfig", dependencies: ["BitNetCore", product("Yams", "Yams")], swiftSettings: swift
        ),

        // The rooms where the wings meet.
        .target(
            name: "TextGeneration", dependencies: ["BitNetCore", "BitNetFormats", "BitNetTokenizer"],
            swiftSettings: swift),
        .target(
            name: "ClusterSimulation",
            dependencies: ["BitNetCore", "ClusterWire", "ClusterPlanning", "TextGeneration"],
            swiftSettings: swift),
        .target(
            name: "ClusterWorker",
            dependencies: [
                "BitNetCore", "BitNetFormats", "BitNetEngine", "ClusterWire", "ClusterProtocol",
                "ClusterTransport", crypto, log,
            ] + nio,
            swiftSettings: swift),
        .target(
            name: "ClusterCoordinator",
            dependencies: [
                "BitNetCore", "BitNetFormats", "BitNetTokenizer", "ClusterWire", "ClusterProtocol",
                "ClusterPlanning", "TextGeneration", "ClusterTransport", "ClusterConfig", "AdminAPI",
                log, metrics,
            ] + nio,
            swiftSettings: swift),

        // HTTP: what users and operators speak to. Knows neither wing.
        .target(
            name: "ClusterGateway",
            dependencies: [
                "BitNetCore", "AdminAPI", product("Hummingbird", "hummingbird"),
                product("HummingbirdCore", "hummingbird"), product("NIOHTTP1", "swift-nio"),
                product("NIOSSL", "swift-nio-ssl"), log, metrics,
            ] + nio,
            swiftSettings: swift),

        // What an operator's screens show and keys do, without terminal and network.
        .target(name: "OperatorLogic", dependencies: ["BitNetCore", "AdminAPI"], swiftSettings: swift),
        // What bench, plan, verify, inspect and doctor of bitnet-ctl compute and print.
        .target(
            name: "OperatorReports",
            dependencies: [
                "BitNetCore", "BitNetFormats", "BitNetTokenizer", "BitNetSynthesis", "BitNetEngine",
                "ClusterConfig", "ClusterWire", "ClusterPlanning", "ClusterSimulation", "TextGeneration",
                "ClusterCoordinator", "AdminAPI", "OperatorLogic",
            ],
            swiftSettings: swift),

        // Programs.
        .target(
            name: "CommandLine",
            dependencies: [
                "CPlatform", "BitNetCore", "BitNetFormats", "BitNetEngine", "ClusterConfig", "Telemetry",
                arguments,
                log,
            ],
            swiftSettings: swift),
        .target(
            name: "PipelineHost",
            dependencies: [
                "BitNetCore", "BitNetFormats", "BitNetTokenizer", "BitNetEngine", "ClusterConfig",
                "ClusterPlanning", "TextGeneration", "AdminAPI", "ClusterTransport", "ClusterCoordinator",
                "ClusterWorker",
            ],
            swiftSettings: swift),
        .executableTarget(
            name: "bitnet-coord",
            dependencies: [
                "BitNetCore", "BitNetFormats", "BitNetTokenizer", "AdminAPI", "ClusterConfig",
                "ClusterCoordinator", "TextGeneration", "ClusterGateway", "Telemetry", "CommandLine",
                "PipelineHost", arguments, log, metrics,
            ],
            swiftSettings: swift),
        .executableTarget(
            name: "bitnet-worker",
            dependencies: [
                "BitNetCore", "BitNetEngine", "ClusterConfig", "ClusterTransport", "ClusterWorker",
                "CommandLine", arguments, log,
            ],
            swiftSettings: swift),
        .executableTarget(
            name: "bitnet-ctl",
            dependencies: [
                "BitNetCore", "BitNetFormats", "BitNetTokenizer", "BitNetSynthesis", "BitNetEngine",
                "ClusterConfig", "ClusterWire", "ClusterPlanning", "ClusterSimulation", "TextGeneration",
                "ClusterTransport", "ClusterCoordinator", "ClusterWorker", "AdminAPI", "OperatorLogic",
                "OperatorReports", "CommandLine", "PipelineHost",
                arguments, product("AsyncHTTPClient", "async-http-client"), product("NIOCore", "swift-nio"),
                product("NIOHTTP1", "swift-nio"), product("NIOSSL", "swift-nio-ssl"),
            ],
            swiftSettings: swift),

        // Tests, and what they share.
        .target(
            name: "TestSupport", dependencies: ["BitNetCore"], path: "Tests/TestSupport", swiftSettings: swift
        ),
        .target(
            name: "ClusterTestSupport", dependencies: ["BitNetCore", "ClusterTransport"],
            path: "Tests/ClusterTestSupport", swiftSettings: swift),
        .target(
            name: "ModelTestSupport",
            dependencies: ["BitNetCore", "BitNetFormats", "BitNetSynthesis", "TestSupport"],
            path: "Tests/ModelTestSupport", swiftSettings: swift),
        .target(
            name: "FuzzTargets",
            dependencies: [
                "BitNetCore", "BitNetFormats", "BitNetTokenizer", "ClusterConfig", "ClusterWire",
                "ClusterProtocol", "ClusterGateway", "Jinja", product("NIOCore", "swift-nio"),
            ],
            path: "Tests/Checks/Fuzzing/Targets", swiftSettings: swift),
        tests("FuzzReplayTests", ["FuzzTargets", "TestSupport"]),
        tests("CTernaryTests", ["CTernary", "CPlatform"]),
        tests("CFormatsTests", ["CFormats"]),
        tests("AdminAPITests", ["BitNetCore", "AdminAPI"]),
        tests("OperatorLogicTests", ["BitNetCore", "AdminAPI", "OperatorLogic", "TestSupport"]),
        tests(
            "OperatorReportsTests",
            [
                "BitNetCore", "BitNetFormats", "BitNetSynthesis", "BitNetEngine", "ClusterConfig",
                "ClusterWire",
                "ClusterPlanning", "ClusterSimulation", "TextGeneration", "ClusterCoordinator", "AdminAPI",
                "OperatorLogic", "OperatorReports", "TestSupport",
            ]),
        tests("CommandLineTests", ["BitNetCore", "CommandLine", "TestSupport", arguments]),
        tests("TelemetryTests", ["BitNetCore", "Telemetry", log, metrics]),
        tests(
            "ClusterGatewayTests",
            [
                "BitNetCore", "AdminAPI", "ClusterGateway", "FuzzTargets", "TestSupport",
                product("Hummingbird", "hummingbird"), log,
            ] + nio),
        tests("BitNetCoreTests", ["BitNetCore", "TestSupport"]),
        tests(
            "BitNetFormatsTests",
            [
                "BitNetCore", "BitNetFormats", "BitNetTokenizer", "BitNetSynthesis", "TestSupport",
                "ModelTestSupport",
            ]),
        // Thousands of templates.
        .testTarget(
            name: "JinjaTests", dependencies: ["BitNetCore", "Jinja", "TestSupport"], swiftSettings: swift),
        tests(
            "BitNetTokenizerTests",
            ["BitNetCore", "BitNetFormats", "BitNetTokenizer", "TestSupport", "ModelTestSupport"]),
        tests(
            "BitNetSynthesisTests",
            [
                "BitNetCore", "BitNetFormats", "BitNetTokenizer", "BitNetSynthesis", "TestSupport",
                "ModelTestSupport",
            ]),
        tests(
            "BitNetEngineTests",
            ["BitNetCore", "BitNetFormats", "BitNetTokenizer", "BitNetSynthesis", "BitNetEngine", "CTernary"]),
        tests(
            "ClusterWireTests",
            ["BitNetCore", "ClusterWire", "TestSupport", product("NIOCore", "swift-nio")]),
        tests(
            "ClusterProtocolTests",
            [
                "BitNetCore", "ClusterWire", "ClusterProtocol", "TestSupport",
                product("NIOCore", "swift-nio"),
            ]),
        tests("ClusterPlanningTests", ["BitNetCore", "ClusterWire", "ClusterPlanning", "TestSupport"]),
        tests(
            "ClusterSimulationTests",
            [
                "BitNetCore", "ClusterWire", "ClusterPlanning", "ClusterSimulation", "TextGeneration",
                "TestSupport",
            ]),
        tests(
            "TextGenerationTests",
            [
                "BitNetCore", "BitNetFormats", "BitNetTokenizer", "TextGeneration", "TestSupport",
                "ClusterTestSupport",
            ]),
        tests("ClusterConfigTests", ["BitNetCore", "ClusterConfig", "TestSupport"]),
        tests(
            "ClusterTransportTests",
            [
                "BitNetCore", "ClusterWire", "ClusterProtocol", "ClusterTransport", "ClusterTestSupport",
                "TestSupport", crypto,
            ] + nio),
        tests(
            "ClusterWorkerTests",
            [
                "BitNetCore", "BitNetFormats", "BitNetEngine", "ClusterWire", "ClusterProtocol",
                "ClusterPlanning", "ClusterTransport", "ClusterConfig", "ClusterWorker", "ClusterCoordinator",
                "TestSupport", "ModelTestSupport", "ClusterTestSupport", log,
            ] + nio),
        tests(
            "ClusterCoordinatorTests",
            [
                "BitNetCore", "BitNetFormats", "BitNetTokenizer", "ClusterWire", "ClusterProtocol",
                "ClusterPlanning", "TextGeneration", "ClusterTransport", "ClusterCoordinator", "AdminAPI",
                "Telemetry", "TestSupport", "ClusterTestSupport", log, metrics,
            ]),
        // All of a cluster in one process, and a member that plays against it: thousands of times, and so optimised.
        .testTarget(
            name: "HostileTests",
            dependencies: [
                "BitNetCore", "BitNetFormats", "BitNetEngine", "BitNetTokenizer", "CClusterProto",
                "CProtobufC",
                "ClusterWire", "ClusterTransport", "ClusterWorker", "ClusterCoordinator", "AdminAPI",
                "TextGeneration", "PipelineHost", "Telemetry", "TestSupport", "ModelTestSupport", log,
                metrics,
            ] + nio, swiftSettings: swift),
        // All of a cluster in virtual time: a thousand times, and so optimised.
        .target(
            name: "FailoverSimulation",
            dependencies: [
                "BitNetCore", "ClusterProtocol", "ClusterPlanning", "ClusterCoordinator", "TextGeneration",
                "TestSupport",
            ],
            path: "Tests/FailoverSimulation", swiftSettings: swift),
        tests("FailoverSimulationTests", ["FailoverSimulation"]),
        tests("EndToEndTests", ["bitnet-coord", "bitnet-worker", "bitnet-ctl"]),
        tests("TidyTests", []),
    ]
)

// The fuzzer links against libFuzzer, which only a build with --sanitize=fuzzer has: Tests/Checks/Fuzzing/run.
if Context.environment["BITNET_FUZZING"] != nil {
    package.products.append(.executable(name: "fuzz", targets: ["fuzz"]))
    package.targets += [
        .target(name: "CFuzzing", path: "Tests/Checks/Fuzzing/Counting", cSettings: kernels),
        .executableTarget(
            name: "fuzz", dependencies: ["FuzzTargets", "CFuzzing"], path: "Tests/Checks/Fuzzing/Driver",
            swiftSettings: swift + [.unsafeFlags(["-parse-as-library"])]),
    ]
}

// The simulation as a program, so that one broken rule takes as little building as it can: Tests/Checks/Sensitivity/run.
if Context.environment["BITNET_SENSITIVITY"] != nil {
    package.products.append(.executable(name: "simulate", targets: ["simulate"]))
    package.targets.append(
        .executableTarget(
            name: "simulate", dependencies: ["FailoverSimulation"], path: "Tests/Checks/Sensitivity/Driver",
            swiftSettings: swift))
}
