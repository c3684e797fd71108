// SPDX-License-Identifier: MIT

/// What Package.swift allows, and what it must not come to allow.
enum LayerRules {
    /// Modules of the toolchain that every target may import.
    static let free: Set<String> = ["FoundationEssentials", "Glibc", "Swift", "Synchronization"]

    /// Modules of the toolchain that only some targets may import.
    static let reserved: [String: Set<String>] = [
        // It brings 40 MB of tables; Yams needs it.
        "Foundation": ["ClusterConfig"],
        // Threads of their own, for work that must not hold an event loop or a task up.
        "Dispatch": [
            "BitNetCore", "BitNetFormats", "BitNetSynthesis", "ClusterWorker", "ClusterCoordinator",
            "OperatorReports", "CommandLine", "bitnet-ctl",
        ],
    ]

    /// Wings that know nothing of each other: who reaches something of both sides is one of `meeting`.
    static let apart: [(one: Set<String>, other: Set<String>, meeting: Set<String>)] = [
        (
            one: ["CTernary", "CFormats"],
            other: ["ClusterWire", "NIOCore", "NIOPosix", "Hummingbird", "AsyncHTTPClient"],
            meeting: programs.union([
                "ClusterWorker", "ClusterCoordinator", "ClusterSimulation", "OperatorReports",
                "PipelineHost",
            ])
        ),
        (
            one: ["Hummingbird", "AsyncHTTPClient"], other: ["ClusterWire", "CTernary", "CFormats"],
            meeting: programs
        ),
    ]

    private static let programs: Set<String> = ["bitnet-coord", "bitnet-worker", "bitnet-ctl"]

    // MARK: The graph

    /// Package.swift lists a target before those that depend on it.
    static func upwardArrows(in graph: PackageGraph) -> [String] {
        var below: Set<String> = []
        return graph.targets.flatMap { target in
            defer { below.insert(target.name) }
            return target.targets.subtracting(below).sorted().map { "\(target.name) depends on \($0)" }
        }
    }

    /// Targets of `Sources/` that bring wings together and are not meant to.
    static func meetings(in graph: PackageGraph) -> [String] {
        graph.targets.filter { $0.folder.hasPrefix("Sources/") }.flatMap { target in
            let reached = graph.reached(from: target.name)
            return apart.filter { !$0.meeting.contains(target.name) }.compactMap { pair in
                let (one, other) = (reached.intersection(pair.one), reached.intersection(pair.other))
                return one.isEmpty || other.isEmpty
                    ? nil : "\(target.name) reaches \(one.sorted()) and \(other.sorted())"
            }
        }
    }

    // MARK: Imports

    /// Imports that a file's target does not declare, or that are not for it.
    static func findings(in file: SourceFile, _ graph: PackageGraph) -> [Finding] {
        guard let target = graph.target(ofFile: file.path) else {
            return [Finding(path: file.path, line: 1, message: "belongs to no target")]
        }
        return imports(in: file).compactMap { line, module in
            let isAllowed =
                target.targets.contains(module) || target.products.contains(module)
                || free.contains(module) || reserved[module]?.contains(target.name) == true
            return isAllowed
                ? nil
                : Finding(path: file.path, line: line, message: "\(target.name) may not import \(module)")
        }
    }

    /// The modules that a Swift file imports, with their lines.
    static func imports(in file: SourceFile) -> [(line: Int, module: String)] {
        file.code.compactMap { number, line in
            let words = line.split(whereSeparator: { $0 == " " || $0 == ";" })
            guard let index = words.firstIndex(of: "import"), index + 1 < words.count,
                words[..<index].allSatisfy({ $0.hasPrefix("@") || $0.allSatisfy(\.isLowercase) })
            else { return nil }
            let kinds: Set<Substring> = [
                "struct", "class", "enum", "protocol", "func", "var", "let", "typealias",
            ]
            let name = kinds.contains(words[index + 1]) ? words.dropFirst(index + 2).first : words[index + 1]
            return name.map { (number, String($0.prefix { $0 != "." })) }
        }
    }
}
