// SPDX-License-Identifier: MIT

/// A word of a template, or text between its tags.
struct Token: Equatable {
    enum Kind: Equatable {
        /// Text that is written as it is.
        case data(String)
        case outputBegin
        case outputEnd
        case statementBegin
        case statementEnd
        case name(String)
        /// A string, its escapes resolved.
        case text(String)
        case integer(Int)
        case float(Double)
        case sign(Sign)
        /// Nothing comes any more.
        case end
    }

    enum Sign: String, CaseIterable {
        case floorDivide = "//"
        case power = "**"
        case equal = "=="
        case notEqual = "!="
        case atLeast = ">="
        case atMost = "<="
        case plus = "+"
        case minus = "-"
        case divide = "/"
        case multiply = "*"
        case modulo = "%"
        case tilde = "~"
        case leftBracket = "["
        case rightBracket = "]"
        case leftParenthesis = "("
        case rightParenthesis = ")"
        case leftBrace = "{"
        case rightBrace = "}"
        case more = ">"
        case less = "<"
        case assign = "="
        case dot = "."
        case colon = ":"
        case pipe = "|"
        case comma = ","
        case semicolon = ";"
    }

    let kind: Kind
    let place: Place

    /// How a message names it.
    var words: String {
        switch kind {
        case .data: "text"
        case .outputBegin: "“{{”"
        case .outputEnd: "“}}”"
        case .statementBegin: "“{%”"
        case .statementEnd: "“%}”"
        case .name(let name): "“\(name)”"
        case .text: "a string"
        case .integer, .float: "a number"
        case .sign(let sign): "“\(sign.rawValue)”"
        case .end: "the end of the template"
        }
    }
}
