// SPDX-License-Identifier: MIT

/// How a model of a hub is told from a path: `hf:OWNER/NAME`.
package enum HubScheme {
    package static let prefix = "hf:"

    package static func isPrefix(of text: String) -> Bool { text.hasPrefix(prefix) }
}
