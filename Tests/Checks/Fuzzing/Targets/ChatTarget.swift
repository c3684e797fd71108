// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetFormats
import BitNetTokenizer

/// Reads a conversation, writes it in every format and turns it into tokens.
enum ChatTarget {
    static func run(_ bytes: [UInt8]) throws(FuzzFinding) -> FuzzTarget.Outcome {
        let messages: [ChatMessage]
        do throws(JSONError) {
            messages = try read(bytes)
        } catch {
            return .refused(error.message)
        }
        guard (1...Limits.chatMessagesMax).contains(messages.count) else {
            throw FuzzFinding("accepted a conversation of \(messages.count) messages")
        }
        let again: [ChatMessage]
        do throws(JSONError) {
            again = try read(json(messages))
        } catch {
            throw FuzzFinding("written and read again: \(error.message)")
        }
        guard again == messages else {
            throw FuzzFinding("written and read again it is another conversation")
        }
        let tokenizer = try tokenizer.get()
        for template in ChatFormat.allCases {
            for ending in [ChatConversation.Ending.opensAnswer, .continuesLast, .closed] {
                try check(template.pieces(for: ChatConversation(messages, ending: ending)), tokenizer)
            }
        }
        return .accepted
    }

    private static func read(_ bytes: [UInt8]) throws(JSONError) -> [ChatMessage] {
        try bytes.withUnsafeBufferPointer { bytes throws(JSONError) in
            try ChatMessage.read(json: UnsafeRawBufferPointer(bytes), file: "messages.json")
        }
    }

    /// Only the template's own markers may become special tokens.
    private static func check(_ pieces: [PromptPiece], _ tokenizer: Tokenizer) throws(FuzzFinding) {
        let expected = pieces.count { piece in
            switch piece {
            case .beginning(let isForced):
                tokenizer.beginningToken != nil && (isForced || tokenizer.addsBeginning)
            case .marker(let name): tokenizer.specialToken(name) != nil
            case .text: false
            }
        }
        let tokens = tokenizer.encode(pieces: pieces)
        guard tokens.count(where: tokenizer.isControl) == expected else {
            throw FuzzFinding("a message's words became a special token")
        }
    }

    private static func json(_ messages: [ChatMessage]) -> [UInt8] {
        var text = "["
        for message in messages {
            if text.utf8.count > 1 { text += "," }
            text += "{\"role\":\"\(message.role)\",\"content\":\"\(escaped(message.text))\"}"
        }
        return Array((text + "]").utf8)
    }

    private static func escaped(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": result.append(contentsOf: ["\\", scalar])
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                result.append(
                    contentsOf: "\\u\(String(repeating: "0", count: 4 - digits.count))\(digits)"
                        .unicodeScalars)
            default: result.append(scalar)
            }
        }
        return String(result)
    }

    /// Of a seed of the corpus, whose vocabulary has one control token.
    private static let tokenizer: Result<Tokenizer, FuzzFinding> = {
        let folder = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
        do {
            return .success(try ModelFile(path: "/\(folder)/corpus/gguf/good-bitnet").tokenizer())
        } catch {
            return .failure(FuzzFinding("the seed cannot be opened: \(error)"))
        }
    }()
}
