// SPDX-License-Identifier: MIT

import BitNetCore
import Yams

/// The part of YAML that a cluster file uses: mappings, lists and plain values, nested a few levels deep.
///
/// Anchors, aliases and tags are refused before the text is composed: nothing here needs them, and a few
/// lines of them can stand for gigabytes.
enum YamlText {
    /// - Throws: ``ConfigError`` with a line.
    static func compose(_ text: String) throws(ConfigError) -> YamlValue {
        try check(text)
        // The parser holds the anchors; nodes refer to them weakly.
        let parser: Parser
        let root: Node?
        do {
            parser = try Parser(yaml: text, encoding: .utf8)
            root = try parser.singleRoot()
        } catch let error as YamlError {
            throw configError(error)
        } catch {
            throw ConfigError(error.words)
        }
        guard let root else { throw ConfigError(line: 1, "the file is empty") }
        return try withExtendedLifetime(parser) { () throws(ConfigError) in
            try refuseAnchors(root)
            return YamlValue(node: root, name: "the file")
        }
    }

    private static func check(_ text: String) throws(ConfigError) {
        var depth = 0
        let lines = text.utf8.split(omittingEmptySubsequences: false) { $0 == UInt8(ascii: "\n") }
        for (index, line) in lines.enumerated() {
            var scan = LineScan(depth: depth)
            for byte in line {
                scan.take(byte)
                if let reason = scan.refusal { throw ConfigError(line: index + 1, reason) }
            }
            depth = scan.depth
        }
    }

    private static func refuseAnchors(_ node: Node) throws(ConfigError) {
        if node.anchor != nil {
            throw ConfigError(line: node.mark?.line, LineScan.anchorRefusal)
        }
        switch node {
        case .mapping(let mapping):
            for (key, value) in mapping {
                try refuseAnchors(key)
                try refuseAnchors(value)
            }
        case .sequence(let sequence):
            for item in sequence { try refuseAnchors(item) }
        case .scalar, .alias:
            break
        }
    }

    private static func configError(_ error: YamlError) -> ConfigError {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            return ConfigError(line: mark.line, "this is not YAML: \(problem)")
        case .reader(let problem, let offset, _, let yaml):
            let line = offset.map { 1 + yaml.prefix($0).count { $0.isNewline } }
            return ConfigError(line: line, "this is not YAML: \(problem)")
        case .duplicatedKeysInMapping(let keys, let context):
            return ConfigError(
                line: context.mark.line, "“\(keys.first ?? "")” is given twice; remove one of them")
        default:
            return ConfigError("this is not YAML: \(error.words)")
        }
    }
}

/// Looks through one line for what is refused, on the safe side: quotes are not interpreted.
private struct LineScan {
    static let anchorRefusal =
        "anchors (&), aliases (*) and tags (!) are not used in cluster files; write the value out, or in quotes"

    private(set) var depth: Int
    private(set) var refusal: String?
    private var column = 0
    private var indicatorCount = 0
    private var isIndented = true
    private var isComment = false
    /// The byte before may be an anchor, an alias or a tag, if a name follows.
    private var isSuspicious = false
    private var previous = UInt8(ascii: " ")

    init(depth: Int) {
        self.depth = depth
    }

    mutating func take(_ byte: UInt8) {
        defer {
            previous = byte
            column += 1
        }
        guard !isComment else { return }
        let isBlank = byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r")
        let beginsToken = " \t-?:,[{".utf8.contains(previous)
        if isSuspicious, !isBlank { refusal = Self.anchorRefusal }
        isSuspicious = false
        switch byte {
        case UInt8(ascii: "#") where previous == UInt8(ascii: " ") || previous == UInt8(ascii: "\t"):
            isComment = true
        case UInt8(ascii: "&"), UInt8(ascii: "*"), UInt8(ascii: "!"):
            isSuspicious = beginsToken
        case UInt8(ascii: "["), UInt8(ascii: "{"):
            depth += 1
            if depth > Limits.yamlFlowDepthMax { refusal = "brackets are nested too deeply" }
        case UInt8(ascii: "]"), UInt8(ascii: "}"):
            depth = max(depth - 1, 0)
        default:
            break
        }
        if isIndented { takeIndentation(byte, isBlank) }
    }

    /// Counts what opens blocks before the line's first value.
    private mutating func takeIndentation(_ byte: UInt8, _ isBlank: Bool) {
        if byte == UInt8(ascii: "-") || byte == UInt8(ascii: "?") || byte == UInt8(ascii: ":") {
            indicatorCount += 1
            if indicatorCount > Limits.yamlLineIndicatorsMax, byte != UInt8(ascii: "-") || previous != byte {
                refusal = "lists are nested too deeply"
            }
        } else if !isBlank {
            isIndented = false
            if column > Limits.yamlIndentationMax { refusal = "the line is indented too far" }
        }
    }
}
