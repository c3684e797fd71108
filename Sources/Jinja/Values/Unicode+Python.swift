// SPDX-License-Identifier: MIT

extension Unicode.Scalar {
    /// White space as Python's `isspace` has it.
    var isPythonSpace: Bool { properties.isWhitespace || (0x1C...0x1F).contains(value) }

    /// A character that ends a line for Python's `splitlines`.
    var endsLine: Bool {
        switch value {
        case 0x0A...0x0D, 0x1C...0x1E, 0x85, 0x2028, 0x2029: true
        default: false
        }
    }

    var isNameStart: Bool { self == "_" || properties.isXIDStart }

    var isLetter: Bool {
        switch properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: true
        default: false
        }
    }

    var isPythonDigit: Bool { properties.numericType == .decimal || properties.numericType == .digit }

    var isUpper: Bool { properties.isUppercase }

    var isUpperOrTitle: Bool { isUpper || properties.generalCategory == .titlecaseLetter }

    var isLower: Bool { properties.isLowercase }

    /// What `\w` matches.
    var isWordPart: Bool { self == "_" || isLetter || properties.numericType != nil }
}

extension String {
    init(scalars: some Sequence<Unicode.Scalar>) {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        self.init(view)
    }

    /// All letters large; some become several.
    var pythonUpper: String {
        unicodeScalars.reduce(into: "") { $0 += $1.properties.uppercaseMapping }
    }

    /// All letters small; a sigma at the end of a word has its own form.
    var pythonLower: String {
        let scalars = Array(unicodeScalars)
        return scalars.indices.reduce(into: "") { $0 += Self.lower(scalars, $1) }
    }

    private static func lower(_ scalars: [Unicode.Scalar], _ index: Int) -> String {
        guard scalars[index] == "\u{3A3}" else { return scalars[index].properties.lowercaseMapping }
        let before = scalars[..<index].last { !$0.properties.isCaseIgnorable }
        let after = scalars[(index + 1)...].first { !$0.properties.isCaseIgnorable }
        let isFinal = before?.properties.isCased == true && after?.properties.isCased != true
        return isFinal ? "\u{3C2}" : "\u{3C3}"
    }

    /// The first letter large, all others small.
    var pythonCapitalized: String {
        guard let first = unicodeScalars.first else { return "" }
        let scalars = Array(unicodeScalars)
        return scalars.indices.dropFirst().reduce(into: first.properties.titlecaseMapping) {
            $0 += Self.lower(scalars, $1)
        }
    }

    /// The first letter of every run of letters large, all others small.
    var pythonTitle: String {
        let scalars = Array(unicodeScalars)
        var isInside = false
        return scalars.indices.reduce(into: "") { result, index in
            result +=
                isInside ? Self.lower(scalars, index) : scalars[index].properties.titlecaseMapping
            isInside = scalars[index].properties.isCased
        }
    }
}
