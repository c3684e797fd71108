// SPDX-License-Identifier: MIT
import BitNetCore
import Glibc

/// Options given as environment variables: `PREFIX_CTX_SIZE=512` is `--ctx-size=512`.
package struct EnvironmentTwins: Equatable, Sendable {
    /// As the command line would have them; they come before its own, so that these win.
    package private(set) var arguments: [String] = []
    /// The variables that became arguments.
    package private(set) var names: [String] = []
    /// What the user should know: variables that look like ours, but mean nothing.
    package private(set) var warnings: [String] = []
    /// Variables that are somebody else's, though their names begin like ours.
    package private(set) var ignored: [String] = []
    /// A variable that cannot be meant.
    package private(set) var error: String?

    /// Reads the variables whose names begin with `prefix`.
    ///
    /// - Parameters:
    ///   - options: The long names of the options that take a value, without dashes.
    ///   - flags: Of those that take none.
    package init(_ variables: [String: String], prefix: String, options: Set<String>, flags: Set<String>) {
        let known = options.union(flags).map { Self.variable($0, prefix) }
        for (name, value) in variables.sorted(by: { $0.key < $1.key }) {
            guard name.hasPrefix("BITNET_"), name != Self.hub,
                !Self.otherPrefixes(prefix).contains(where: name.hasPrefix)
            else {
                continue
            }
            let option = name.dropFirst(prefix.count).lowercased().replacing("_", with: "-")
            if Self.isOfService(name, value) {
                ignored.append(name)
            } else if name.hasPrefix(prefix), flags.contains(option) {
                take(flag: option, name, value)
            } else if name.hasPrefix(prefix), options.contains(option) {
                guard !value.isEmpty else { continue }
                arguments.append("--\(option)=\(value)")
                names.append(name)
            } else {
                let shown = PrintableText.line(name, bytesMax: 96)
                let nearest = Spelling.nearest(to: name, among: known).map { "; is \($0) meant?" } ?? ""
                warnings.append("the environment variable \(shown) means nothing here\(nearest)")
            }
        }
    }

    private mutating func take(flag: String, _ name: String, _ value: String) {
        switch value.lowercased() {
        case "", "0", "false", "no", "off": return
        case "1", "true", "yes", "on":
            arguments.append("--\(flag)")
            names.append(name)
        default:
            let shown = PrintableText.line(value, bytesMax: 40)
            error =
                error
                ?? "the environment variable \(name) is “\(shown)”; write 1, true, yes or on for --\(flag), and 0, "
                + "false, no, off or nothing to go without it"
        }
    }

    /// The variables of this process.
    package static var ofProcess: [String: String] {
        var result: [String: String] = [:]
        var entry = environ
        while let variable = entry.pointee {
            let parts = String(cString: variable).split(
                separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { result[String(parts[0])] = String(parts[1]) }
            entry += 1
        }
        return result
    }

    /// The hub of models, for all programs.
    private static let hub = "BITNET_HUB"

    private static func variable(_ option: String, _ prefix: String) -> String {
        prefix + option.uppercased().replacing("-", with: "_")
    }

    /// The other programs' variables mean something to them.
    private static func otherPrefixes(_ prefix: String) -> [String] {
        ["BITNET_COORD_", "BITNET_WORKER_", "BITNET_CTL_"].filter { $0 != prefix }
    }

    /// Whether Kubernetes sets such a variable for a Service that is called like the program.
    private static func isOfService(_ name: String, _ value: String) -> Bool {
        let isAddress =
            name.hasSuffix("_PORT") && ["tcp://", "udp://", "sctp://"].contains(where: value.hasPrefix)
        return isAddress || name.contains(/_SERVICE_(HOST|PORT(_[A-Z0-9_]+)?)$/)
            || name.contains(/_PORT_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$/)
    }
}
