// SPDX-License-Identifier: MIT

/// Where an answer's thoughts are written, in llama.cpp's words.
package enum ReasoningFormat: String, CaseIterable, Sendable {
    /// In `content`, as the model writes them.
    case none
    /// In `reasoning_content`.
    case deepseek
    /// As is best for the model: like `deepseek`.
    case auto

    /// The names, for messages.
    package static var allNames: String { allCases.map(\.rawValue).joined(separator: ", ") }

    var splitsThoughts: Bool { self != .none }
}
