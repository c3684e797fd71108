// SPDX-License-Identifier: MIT

/// What a piece consists of before anything is merged: a token for each byte, or for each character.
struct SymbolTable: Sendable {
    /// Whether symbols are characters; characters without a token become the tokens of their bytes.
    private let isByCharacter: Bool
    /// The token of each single byte.
    private let byteTokens: [UInt32]
    private let asciiTokens: [UInt32]
    /// Characters that are no token but part of one; their numbers lie behind the vocabulary's.
    private let partial: [UInt32: UInt32]
    private let partialCharacters: [UInt32]
    private let firstPartial: UInt32
    /// Stands for what has no token; without it that is dropped.
    private let unknownToken: UInt32?
    /// Whether one stands for several in a row.
    private let fusesUnknown: Bool

    /// Byte-level symbols.
    init(bytes vocabulary: Vocabulary, unknownToken: UInt32?) {
        isByCharacter = false
        byteTokens = (UInt8.min...UInt8.max).map { vocabulary.find([$0]) ?? MergeWorkspace.missing }
        asciiTokens = []
        partial = [:]
        partialCharacters = []
        firstPartial = UInt32(vocabulary.count)
        self.unknownToken = unknownToken
        fusesUnknown = false
    }

    /// Characters, with a token for each byte to fall back to, or none.
    init(
        characters vocabulary: Vocabulary, byteTokens: [UInt32]?, partialCharacters: [UInt32] = [],
        unknownToken: UInt32?, fusesUnknown: Bool
    ) {
        isByCharacter = true
        self.byteTokens = byteTokens ?? [UInt32](repeating: MergeWorkspace.missing, count: 256)
        asciiTokens = (0..<128).map { vocabulary.find([$0]) ?? MergeWorkspace.missing }
        self.partialCharacters = partialCharacters
        firstPartial = UInt32(vocabulary.count)
        var partial: [UInt32: UInt32] = [:]
        for (index, character) in partialCharacters.enumerated() {
            partial[character] = firstPartial + UInt32(index)
        }
        self.partial = partial
        self.unknownToken = unknownToken
        self.fusesUnknown = fusesUnknown
    }

    /// Puts the symbols of `piece` into `symbols`.
    func split(_ piece: UnsafeRawBufferPointer, _ vocabulary: Vocabulary, into symbols: inout [UInt32]) {
        symbols.removeAll(keepingCapacity: true)
        guard isByCharacter else {
            for byte in piece { symbols.append(byteTokens[Int(byte)]) }
            return
        }
        var start = 0
        while start < piece.count {
            let lead = piece[start]
            let width = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4
            let end = min(start + width, piece.count)
            appendCharacter(UnsafeRawBufferPointer(rebasing: piece[start..<end]), vocabulary, &symbols)
            start = end
        }
    }

    private func appendCharacter(
        _ character: UnsafeRawBufferPointer, _ vocabulary: Vocabulary, _ symbols: inout [UInt32]
    ) {
        let token =
            character.count == 1
            ? asciiTokens[Int(character[0] & 0x7F)]
            : vocabulary.find(character, hash: vocabulary.hash(of: character)) ?? MergeWorkspace.missing
        if token != MergeWorkspace.missing { return symbols.append(token) }
        if !partial.isEmpty,
            let value = String(decoding: character, as: UTF8.self).unicodeScalars.first?.value,
            let number = partial[value]
        {
            return symbols.append(number)
        }
        appendFallback(character, &symbols)
    }

    /// Bytes if all of them have tokens, else the unknown token.
    private func appendFallback(_ character: some Sequence<UInt8>, _ symbols: inout [UInt32]) {
        if character.allSatisfy({ byteTokens[Int($0)] != MergeWorkspace.missing }) {
            for byte in character { symbols.append(byteTokens[Int(byte)]) }
        } else if let unknownToken, !(fusesUnknown && symbols.last == unknownToken) {
            symbols.append(unknownToken)
        }
    }

    /// Appends the tokens that merged symbols stand for.
    func emit(_ symbols: [UInt32], into tokens: inout [UInt32]) {
        for symbol in symbols {
            if symbol < firstPartial {
                tokens.append(symbol)
            } else if symbol == MergeWorkspace.missing {
                if let unknownToken { tokens.append(unknownToken) }
            } else if let scalar = Unicode.Scalar(partialCharacters[Int(symbol - firstPartial)]) {
                appendFallback(UTF8.encode(scalar) ?? .init(), &tokens)
            }
        }
    }
}
