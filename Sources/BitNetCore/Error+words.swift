// SPDX-License-Identifier: MIT

extension Error {
    /// The error in words, for a message or a log: the one place where an error of which nothing is known becomes text.
    ///
    /// An error of this project says what it has to say. What others throw may be no more than the name of a type or a
    /// case: such names are taken apart, as a person is meant to read them.
    package var words: String {
        switch self {
        case let error as any RemediableError: error.message
        case is CancellationError: "it was called off before it was done"
        default: ErrorWords.plain(String(describing: self))
        }
    }
}

/// Makes words of what programs call their errors.
enum ErrorWords {
    /// `text` without `()`, without the names of functions and the numbers that SwiftNIO puts around the system's words
    /// (`read(descriptor:size:): Connection reset by peer) (errno: 104)`), and with names such as `ioOnClosedChannel`
    /// or `Module.Failure` as words.
    static func plain(_ text: String) -> String {
        // Bounded first: what is looked for takes long in a long text, and texts may hold words of others.
        let line = PrintableText.line(text.replacing("()", with: ""))
        let text = line.replacing(#/[A-Za-z]\w{0,31}\((?:\w+:)+\): /#, with: "")
            .replacing(/\)? \(errno: \d+\)/, with: "")
        var result = ""
        var name = ""
        for character in text {
            if character.isASCII, character.isLetter || character.isNumber || character == "_" {
                name.append(character)
                continue
            }
            // A dot between two names joins a type and its case.
            let joins = character == "." && isCompound(name)
            result += separated(name) + (joins ? " " : String(character))
            name = ""
        }
        let words = (result + separated(name)).split(separator: " ").joined(separator: " ")
        return words.isEmpty ? "something unexpected" : words
    }

    /// Whether a name is made of several words, as names in programs are.
    private static func isCompound(_ name: String) -> Bool {
        zip(name, name.dropFirst()).contains { $0.isLowercase && $1.isUppercase }
    }

    private static func separated(_ name: String) -> String {
        guard isCompound(name) else { return name }
        var words = ""
        var previous: Character?
        for character in name {
            if let previous, previous.isLowercase || previous.isNumber, character.isUppercase {
                words.append(" ")
            }
            words.append(contentsOf: character.lowercased())
            previous = character
        }
        return words
    }
}
