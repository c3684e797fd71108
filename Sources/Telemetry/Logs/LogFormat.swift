// SPDX-License-Identifier: MIT

/// How log lines are written.
package enum LogFormat: String, CaseIterable, Sendable {
    /// For people: time, level, label, message, then `key=value`.
    case text
    /// For programs: one object on each line.
    case json
}
