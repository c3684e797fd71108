// SPDX-License-Identifier: MIT

package import BitNetCore

extension Tokenizer {
    /// The token that stands for exactly this text, wherever a template writes it.
    package func specialToken(_ text: String) -> UInt32? {
        let tokens = encode(text, addsBeginning: false, parsesSpecial: true)
        guard let token = tokens.first, tokens.count == 1, bytes(of: token).elementsEqual(text.utf8) else {
            return nil
        }
        return token
    }

    /// Turns a conversation into tokens.
    ///
    /// Texts that stand side by side are one text, as tokens may reach over where they meet. Markers become
    /// tokens where the template writes them and nowhere else: what people have written cannot end a turn.
    package func encode(pieces: [PromptPiece]) -> [UInt32] {
        let guarded = guardedTexts(pieces)
        var tokens: [UInt32] = []
        var text: [UInt8] = []
        var startsText = true
        func flush() {
            for part in Self.parts(of: text, without: guarded) {
                tokens += encode(
                    String(decoding: part, as: UTF8.self), addsBeginning: false, startsText: startsText)
                startsText = false
            }
            text = []
        }
        for piece in pieces {
            switch piece {
            case .beginning(let isForced):
                guard isForced || addsBeginning, let beginningToken else { continue }
                flush()
                tokens.append(beginningToken)
            case .marker(let name):
                if let token = specialToken(name) {
                    flush()
                    tokens.append(token)
                    startsText = false
                } else {
                    text += Array(name.utf8)
                }
            case .text(let more):
                text += Array(more.utf8)
            }
        }
        flush()
        return tokens
    }

    /// Markers that this vocabulary would find in ordinary text too: some files list them as user-defined tokens.
    private func guardedTexts(_ pieces: [PromptPiece]) -> [[UInt8]] {
        var names = Set(stopTokens.map(text(of:)))
        for case .marker(let name) in pieces { names.insert(name) }
        return names.filter { name in
            specialToken(name).map { encode(name, addsBeginning: false) == [$0] } ?? false
        }
        .map { Array($0.utf8) }
    }

    /// `text` cut inside each of `guarded`, so that none of the parts contains one.
    private static func parts(of text: [UInt8], without guarded: [[UInt8]]) -> [ArraySlice<UInt8>] {
        guard !text.isEmpty else { return [] }
        var parts: [ArraySlice<UInt8>] = []
        var start = 0
        if !guarded.isEmpty {
            for index in text.indices where guarded.contains(where: { text[index...].starts(with: $0) }) {
                parts.append(text[start...index])
                start = index + 1
            }
        }
        return parts + [text[start...]]
    }
}
