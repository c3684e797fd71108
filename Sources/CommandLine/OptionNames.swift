// SPDX-License-Identifier: MIT
package import ArgumentParser
import BitNetCore

/// The long names of a command's options, without dashes.
package struct OptionNames: Equatable, Sendable {
    /// Those that take a value.
    package private(set) var options: Set<String> = []
    /// Those that take none.
    package private(set) var flags: Set<String> = []

    /// What the command's help knows of, but for the help itself and the release.
    package init(of command: any ParsableCommand.Type) {
        let description = Array(command._dumpHelp().utf8)
        description.withUnsafeBytes { bytes in
            var json = JSONReader<JSONError>(bytes, file: "help")
            // What cannot be read names no options.
            try? json.readObject { json, key throws(JSONError) in
                guard key == "command" else { return try json.skip() }
                try json.readObject { json, key throws(JSONError) in
                    guard key == "arguments" else { return try json.skip() }
                    try json.readArray { json throws(JSONError) in try readArgument(&json) }
                }
            }
        }
    }

    private mutating func readArgument(_ json: inout JSONReader<JSONError>) throws(JSONError) {
        var kind = ""
        var names: [String] = []
        try json.readObject { json, key throws(JSONError) in
            switch key {
            case "kind": kind = try json.readText()
            case "names": try json.readArray { json throws(JSONError) in names += try Self.longNames(&json) }
            default: try json.skip()
            }
        }
        switch kind {
        case "option": options.formUnion(names)
        case "flag": flags.formUnion(names.filter { $0 != "help" && $0 != "version" })
        default: break
        }
    }

    private static func longNames(_ json: inout JSONReader<JSONError>) throws(JSONError) -> [String] {
        var (isLong, name) = (false, "")
        try json.readObject { json, key throws(JSONError) in
            switch key {
            case "kind": isLong = try json.readText() == "long"
            case "name": name = try json.readText()
            default: try json.skip()
            }
        }
        return isLong ? [name] : []
    }
}
