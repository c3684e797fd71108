// SPDX-License-Identifier: MIT

/// Which target may import which: arrows point down only.
enum LayerRules {
    /// Targets from the bottom to the top, each with those of ours that it may import.
    static let layers: [(target: String, mayImport: Set<String>)] = [
        ("BitNetCore", []),
        ("AdminAPI", ["BitNetCore"]),
        ("Telemetry", ["BitNetCore"]),
        ("CPlatform", []),
        ("CProtobufC", []),
        ("CTernary", ["CPlatform"]),
        ("CFormats", []),
        ("CClusterProto", ["CProtobufC"]),
        ("BitNetFormats", ["BitNetCore", "CFormats"]),
        ("BitNetEngine", ["BitNetCore", "BitNetFormats", "CTernary", "CPlatform"]),
        ("ClusterWire", ["BitNetCore", "CClusterProto", "CProtobufC"]),
        ("ClusterLogic", ["BitNetCore", "ClusterWire"]),
        ("ClusterTransport", ["BitNetCore", "CPlatform", "ClusterWire", "ClusterLogic"]),
        ("ClusterConfig", ["BitNetCore"]),
        (
            "ClusterWorker",
            [
                "BitNetCore", "BitNetFormats", "BitNetEngine", "ClusterWire", "ClusterLogic",
                "ClusterTransport",
            ]
        ),
        (
            "ClusterCoordinator",
            [
                "BitNetCore", "BitNetFormats", "ClusterWire", "ClusterLogic", "ClusterTransport",
                "ClusterConfig", "AdminAPI",
            ]
        ),
        ("ClusterGateway", ["BitNetCore", "AdminAPI"]),
        ("OperatorLogic", ["BitNetCore", "AdminAPI"]),
        ("CommandLine", ["BitNetCore", "BitNetFormats", "BitNetEngine", "ClusterConfig", "Telemetry"]),
        (
            "PipelineHost",
            [
                "BitNetCore", "BitNetFormats", "BitNetEngine", "ClusterConfig", "ClusterLogic",
                "ClusterTransport", "ClusterCoordinator", "ClusterWorker", "AdminAPI",
            ]
        ),
        (
            "bitnet-coord",
            [
                "BitNetCore", "BitNetFormats", "AdminAPI", "ClusterConfig", "ClusterCoordinator",
                "ClusterGateway", "Telemetry", "CommandLine", "PipelineHost",
            ]
        ),
        (
            "bitnet-worker",
            [
                "BitNetCore", "BitNetEngine", "ClusterConfig", "ClusterTransport", "ClusterWorker",
                "CommandLine",
            ]
        ),
        (
            "bitnet-ctl",
            [
                "BitNetCore", "BitNetFormats", "BitNetEngine", "ClusterConfig", "ClusterWire",
                "ClusterLogic", "ClusterCoordinator", "ClusterWorker", "AdminAPI", "OperatorLogic",
                "CommandLine",
                "PipelineHost",
            ]
        ),
    ]

    /// Modules of others that only some targets may import.
    static let reserved: [(module: String, targets: Set<String>)] = [
        ("Foundation", ["ClusterConfig"]),
        ("Yams", ["ClusterConfig"]),
        ("NIO", ["ClusterTransport", "ClusterWorker", "ClusterCoordinator"]),
        (
            "NIOCore",
            ["ClusterTransport", "ClusterWorker", "ClusterCoordinator", "ClusterGateway", "bitnet-ctl"]
        ),
        ("NIOPosix", ["ClusterTransport", "ClusterWorker", "ClusterCoordinator", "ClusterGateway"]),
        ("Hummingbird", ["ClusterGateway"]),
        ("HummingbirdCore", ["ClusterGateway"]),
        ("NIOHTTP1", ["ClusterGateway", "bitnet-ctl"]),
        ("AsyncHTTPClient", ["bitnet-ctl"]),
        (
            "ArgumentParser",
            ["CommandLine", "bitnet-coord", "bitnet-worker", "bitnet-ctl"]
        ),
        (
            "Dispatch",
            ["BitNetFormats", "ClusterWorker", "ClusterCoordinator", "CommandLine", "bitnet-ctl"]
        ),
    ]

    static func findings(in file: SourceFile) -> [Finding] {
        guard let layer = layers.first(where: { $0.target == file.target }) else {
            return [Finding(path: file.path, line: 1, message: "target \(file.target) stands in no layer")]
        }
        let ours = Set(layers.map(\.target))
        return imports(in: file).compactMap { line, module in
            let rule = reserved.first { $0.module == module }
            let isAllowed =
                ours.contains(module)
                ? layer.mayImport.contains(module) : rule.map { $0.targets.contains(file.target) } ?? true
            return isAllowed
                ? nil
                : Finding(path: file.path, line: line, message: "\(file.target) may not import \(module)")
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
