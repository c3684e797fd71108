// SPDX-License-Identifier: MIT

/// A byte-level BPE vocabulary of any size: bytes, made-up words, special tokens.
///
/// The words are of two letters and more, with or without a space before, and each is made by one merge from a
/// shorter one. Special tokens stand at the end and are called as Llama-3's or ChatML's are.
struct SyntheticVocabulary {
    static let sizeMin = alphabet.count + specialCountMin
    private static let specialCountMin = 16
    private static let specialCountUsual = 256

    /// Bytes and words, in the printable alphabet of byte-level BPE.
    let texts: [String]
    /// Pairs of texts, in order of rank.
    let merges: [(left: String, right: String)]
    let specials: [String]

    var firstSpecial: Int { texts.count }
    var beginning: Int { firstSpecial }
    var end: Int { firstSpecial + 1 }
    var endOfTurn: Int { firstSpecial + names.endOfTurn }
    var beginningText: String { specials[0] }
    var endText: String { specials[1] }
    let names: SpecialNames

    /// What special tokens are called.
    enum SpecialNames {
        case llama3
        case chatML

        fileprivate var known: [Int: String] {
            switch self {
            case .llama3: [0: "<|begin_of_text|>", 1: "<|end_of_text|>", 9: "<|eot_id|>"]
            case .chatML:
                [
                    0: "<|endoftext|>", 1: "<|im_end|>", 2: "<|im_start|>", 3: "<think>", 4: "</think>",
                    5: "<tool_call>", 6: "</tool_call>",
                ]
            }
        }

        fileprivate var endOfTurn: Int { self == .llama3 ? 9 : 1 }

        /// The template that a file has, of those whose readers do not know the form by themselves.
        var chatTemplate: String? {
            guard self == .chatML else { return nil }
            return
                "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] "
                + "+ '<|im_end|>' + '\n' }}{% endfor %}{% if add_generation_prompt %}"
                + "{{ '<|im_start|>assistant\n' }}{% endif %}"
        }
    }

    /// - Precondition: `size` is at least ``sizeMin``.
    init(size: Int, names: SpecialNames = .llama3) {
        self.names = names
        let specialCount = size >= 16 * Self.specialCountUsual ? Self.specialCountUsual : Self.specialCountMin
        let wordCount = size - Self.alphabet.count - specialCount
        var words: [(left: String, right: String)] = []
        words.reserveCapacity(wordCount)
        // All words of one length, then those that are a letter longer.
        var stems = [Self.alphabet[Int(UInt8(ascii: " "))]] + Self.letters
        while words.count < wordCount {
            var longer: [String] = []
            for stem in stems where words.count + longer.count < wordCount {
                for letter in Self.letters where words.count + longer.count < wordCount {
                    longer.append(stem + letter)
                }
            }
            words += longer.map { (String($0.dropLast()), String($0.suffix(1))) }
            stems = longer
        }
        merges = words
        texts = Self.alphabet + words.map { $0.left + $0.right }
        specials = (0..<specialCount).map { number in
            names.known[number] ?? "<|reserved_special_token_\(number)|>"
        }
    }

    private static let letters = "abcdefghijklmnopqrstuvwxyz".map { String($0) }

    /// The character that stands for each byte, see ``ByteAlphabet``.
    private static let alphabet: [String] = {
        var next: UInt32 = 0x100
        return (0...255).map { (byte: UInt32) -> String in
            let isPrintable = (0x21...0x7E).contains(byte) || (0xA1...0xFF).contains(byte) && byte != 0xAD
            defer { if !isPrintable { next += 1 } }
            return Unicode.Scalar(isPrintable ? byte : next).map { String($0) } ?? ""
        }
    }()
}
