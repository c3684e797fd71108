// SPDX-License-Identifier: MIT
import CommandLine

/// Options that a shell may keep for all commands.
enum RemoteTwins {
    private static let prefix = "BITNET_CTL_"
    private static let admin: Set<String> = ["--coordinator", "--admin-key-file", "--ca-file"]
    private static let gateway: Set<String> = ["--gateway", "--api-key-file"]
    private static let commands: [String: Set<String>] = [
        "status": admin, "top": admin, "drain": admin, "events": admin,
        "chat": admin.union(gateway), "verify": admin.union(gateway), "perplexity": admin.union(gateway),
    ]

    /// The command line with `BITNET_CTL_COORDINATOR=URL` as `--coordinator=URL`, where the command has that option.
    static func apply(to arguments: [String]) -> [String] {
        let known = Set(admin.union(gateway).map { String($0.dropFirst(2)) })
        let given = EnvironmentTwins(EnvironmentTwins.ofProcess, prefix: prefix, options: known, flags: [])
        for warning in given.warnings { Console().warn(warning) }
        guard let command = arguments.first, let options = commands[command] else { return arguments }
        let twins = given.arguments.filter { argument in
            options.contains(String(argument.prefix { $0 != "=" }))
        }
        return [command] + twins + arguments.dropFirst()
    }
}
