// SPDX-License-Identifier: MIT

/// What a line that is typed into a conversation asks for.
package enum ChatInput: Equatable, Sendable {
    case message(String)
    /// What the model is told before the first message; empty takes it away.
    case system(String)
    /// Forget what was said.
    case reset
    /// Another answer to the last message.
    case regenerate
    case help
    case exit
    case unknown(String)
    case nothing

    package init(line: String) {
        let trimmed = line.trimmingSpace
        guard trimmed.hasPrefix("/") else {
            self = trimmed.isEmpty ? .nothing : .message(line)
            return
        }
        let word = trimmed.prefix { !$0.isWhitespace }
        let rest = String(trimmed.dropFirst(word.count)).trimmingSpace
        self =
            switch word {
            case "/system": .system(rest)
            case "/reset" where rest.isEmpty: .reset
            case "/regen" where rest.isEmpty: .regenerate
            case "/help" where rest.isEmpty: .help
            case "/exit" where rest.isEmpty: .exit
            default: .unknown(String(word))
            }
    }

    package static let commandsText = """
        /reset        forget the conversation        /system TEXT  tell the model what it is
        /regen        another answer                 /exit         end, as Ctrl-D does
        Ctrl-C ends an answer; at the prompt it ends the program.
        """
}

extension String {
    fileprivate var trimmingSpace: String {
        String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }
}
