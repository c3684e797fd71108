// SPDX-License-Identifier: MIT

/// Why a template cannot be read or rendered.
package struct JinjaError: Error, Equatable, Sendable {
    package enum Kind: Sendable {
        /// The template is not Jinja, or holds what this interpreter does not know.
        case syntax
        /// An expression has no value.
        case runtime
        /// The template refused the conversation itself, with `raise_exception`.
        case raised
        /// The template asked for more than it may have.
        case limit
    }

    package let kind: Kind
    /// What is wrong; of a refusal, the template's own words.
    package let message: String
    /// Counted from 1.
    package let line: Int
    /// Counted from 1, in Unicode scalars.
    package let column: Int

    init(_ kind: Kind, _ message: String, at place: Place) {
        self.kind = kind
        self.message = message
        line = place.line
        column = place.column
    }

    /// The message with its place; a refusal is the template's own words, if it has any, and needs none.
    package var text: String {
        let place = "chat template, line \(line), column \(column)"
        guard kind == .raised else { return "\(place): \(message)" }
        let isEmpty = message.unicodeScalars.allSatisfy(\.properties.isWhitespace)
        return isEmpty ? "\(place): the conversation is refused, and no reason is given" : message
    }
}

/// A place in a template, for messages.
struct Place: Equatable, Sendable {
    /// Counted from 1.
    var line = 1
    /// Counted from 1, in Unicode scalars.
    var column = 1
}
