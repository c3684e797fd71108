// SPDX-License-Identifier: MIT
import Testing

extension Tidy {
    /// Which target may know which.
    @Suite struct Layers {
        private static let manifest = """
            let nio: [Target.Dependency] = [product("NIOCore", "swift-nio"), product("NIOPosix", "swift-nio")]
            let log = product("Logging", "swift-log")
                // .target(name: "Talk")
                .systemLibrary(name: "CSystem", pkgConfig: "system", providers: [.apt(["system-dev"])]),
                .target(name: "CTernary", cSettings: kernels),
                .target(name: "ClusterWire", dependencies: ["CSystem"] + nio, swiftSettings: swift),
                .target(
                    name: "ClusterLogic",
                    dependencies: [
                        "ClusterWire", log, product("Yams", "Yams"),
                    ],
                    path: "Tests/Odd", swiftSettings: swift),
                .executableTarget(name: "a-program", dependencies: ["ClusterLogic"], swiftSettings: swift),
                tests("ClusterLogicTests", ["ClusterLogic"] + nio),
            """

        private func graphOfThis() throws -> PackageGraph {
            PackageGraph(manifest: try Repository.text(of: "Package.swift"))
        }

        @Test func `the graph is the one that Package.swift declares`() throws {
            let graph = PackageGraph(manifest: Self.manifest)
            #expect(
                graph.targets.map(\.name) == [
                    "CSystem", "CTernary", "ClusterWire", "ClusterLogic", "a-program", "ClusterLogicTests",
                ])
            let wire = try #require(graph.target(named: "ClusterWire"))
            #expect(wire.targets == ["CSystem"] && wire.products == ["NIOCore", "NIOPosix"])
            let logic = try #require(graph.target(named: "ClusterLogic"))
            #expect(logic.targets == ["ClusterWire"] && logic.products == ["Logging", "Yams"])
            #expect(graph.target(ofFile: "Tests/Odd/Folder/File.swift")?.name == "ClusterLogic")
            #expect(graph.target(named: "ClusterLogicTests")?.folder == "Tests/ClusterLogicTests")
            #expect(
                graph.reached(from: "a-program") == [
                    "a-program", "ClusterLogic", "ClusterWire", "CSystem", "Logging", "Yams", "NIOCore",
                    "NIOPosix",
                ])

            let declared = try graphOfThis().targets.filter { !$0.folder.hasPrefix("Tests/") }
            #expect(Set(declared.map(\.folder)) == Set(try Repository.folders(in: "Sources")))
        }

        @Test func `arrows between targets point down, and wings do not know each other`() throws {
            let upwards = PackageGraph(
                manifest: ".target(name: \"A\", dependencies: [\"B\"]), .target(name: \"B\")")
            #expect(LayerRules.upwardArrows(in: upwards) == ["A depends on B"])
            let mixed = PackageGraph(
                manifest: Self.manifest
                    + ".target(name: \"Mixed\", dependencies: [\"CTernary\", \"ClusterWire\"])")
            #expect(
                LayerRules.meetings(in: mixed) == [
                    "Mixed reaches [\"CTernary\"] and [\"ClusterWire\", \"NIOCore\", \"NIOPosix\"]"
                ])

            let graph = try graphOfThis()
            #expect(LayerRules.upwardArrows(in: graph) == [])
            #expect(LayerRules.meetings(in: graph) == [])
            let names = graph.targets.reduce(into: Set<String>()) {
                $0.formUnion(graph.reached(from: $1.name))
            }
            for name in LayerRules.apart.flatMap({ $0.one.union($0.other).union($0.meeting) }) {
                #expect(names.contains(name), "\(name) is no longer in the package")
            }
        }

        @Test func `every target imports only what it declares`() throws {
            let small = PackageGraph(
                manifest: ".target(name: \"A\", dependencies: [\"B\", product(\"NIOCore\", \"swift-nio\")]),")
            func findings(_ text: String, in target: String = "A") -> [Finding] {
                LayerRules.findings(in: Tidy.snippet(text, in: target), small)
            }
            let bad =
                "// import C\npackage import struct B.Step\n@testable import C\nprivate import NIOPosix\n"
            #expect(findings(bad).map(\.line) == [3, 4])
            #expect(findings("import Foundation\nimport Dispatch\nimport Elsewhere\n").count == 3)
            #expect(findings("import NIOCore\nimport Glibc\n").isEmpty)
            #expect(findings("", in: "B").map(\.message) == ["belongs to no target"])

            let graph = try graphOfThis()
            let findings = try Tidy.swiftSources().flatMap { LayerRules.findings(in: $0, graph) }
            #expect(findings.isEmpty, "\(findings.report)")
            for target in LayerRules.reserved.values.joined() {
                #expect(graph.target(named: target) != nil, "\(target) is no longer in the package")
            }
        }
    }
}
