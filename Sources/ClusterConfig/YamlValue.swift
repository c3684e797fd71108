// SPDX-License-Identifier: MIT

import BitNetCore
import Yams

/// A value of the file, with the name and the line that messages need.
struct YamlValue {
    let node: Node
    /// The key it stands under, in quotes, or what it is.
    let name: String

    var line: Int { node.mark?.line ?? 1 }

    func error(_ reason: String) -> ConfigError { ConfigError(line: line, reason) }

    /// What was found instead of what was expected.
    func mismatch(_ expected: String) -> ConfigError {
        error("\(name) must be \(expected), not \(found)")
    }

    private var found: String {
        switch node {
        case .mapping: return "a mapping"
        case .sequence: return "a list"
        case .alias: return "an alias"
        case .scalar(let scalar): return isNull ? "nothing" : "“\(scalar.string.prefix(80))”"
        }
    }

    /// Nothing is written there.
    private var isNull: Bool {
        guard case .scalar(let scalar) = node, scalar.style == .plain else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(scalar.string)
    }

    /// Text without control characters, at least one byte and at most `bytesMax`; numbers count as text.
    func text(bytesMax: Int, expected: String = "text") throws(ConfigError) -> String {
        guard case .scalar(let scalar) = node, !isNull, !scalar.string.isEmpty else {
            throw mismatch(expected)
        }
        guard scalar.string.utf8.count <= bytesMax else {
            throw error("\(name) has \(scalar.string.utf8.count) bytes; at most \(bytesMax) are taken")
        }
        let hasControl = scalar.string.unicodeScalars.contains { $0.properties.generalCategory == .control }
        if hasControl { throw error("\(name) contains a control character") }
        return scalar.string
    }

    /// The name of a worker or of a cluster.
    func nodeName() throws(ConfigError) -> String {
        try text(bytesMax: Limits.nameBytesMax, expected: "a name")
    }

    /// A path; a relative one starts from the folder of `file`.
    func path(relativeTo file: String) throws(ConfigError) -> String {
        let path = try text(bytesMax: Limits.pathBytesMax, expected: "a path")
        guard !path.hasPrefix("/"), let slash = file.lastIndex(of: "/") else { return path }
        return file[...slash] + path
    }

    /// A path, or a model of a hub, which is no path.
    func model(relativeTo file: String) throws(ConfigError) -> String {
        let place = try text(bytesMax: Limits.pathBytesMax, expected: "a path")
        return HubScheme.isPrefix(of: place) ? place : try path(relativeTo: file)
    }

    func boolean() throws(ConfigError) -> Bool {
        guard case .scalar(let scalar) = node, scalar.style == .plain else { throw mismatch("true or false") }
        switch scalar.string {
        case "true": return true
        case "false": return false
        default: throw mismatch("true or false")
        }
    }

    /// What `body` makes of the text; its error gets the name and the line.
    func converted<T>(_ body: (String) throws(ConfigError) -> T) throws(ConfigError) -> T {
        let text = try text(bytesMax: Limits.addressBytesMax)
        do throws(ConfigError) {
            return try body(text)
        } catch {
            throw self.error("\(name): \(error.reason)")
        }
    }

    func items(countMax: Int) throws(ConfigError) -> [YamlValue] {
        guard case .sequence(let sequence) = node else { throw mismatch("a list") }
        guard sequence.count <= countMax else {
            throw error("\(name) has \(sequence.count) items; at most \(countMax) are taken")
        }
        return sequence.map { YamlValue(node: $0, name: "an item of \(name)") }
    }
}
