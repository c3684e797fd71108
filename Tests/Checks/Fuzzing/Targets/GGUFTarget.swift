// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetFormats
import BitNetTokenizer

/// Opens a model file as a coordinator does, tokenises with it and packs what is small.
enum GGUFTarget {
    /// Parts of all sizes go through the same code, so that large ones would only take time.
    private static let packedBytesMax = 1 << 20

    static func run(_ bytes: [UInt8]) throws(FuzzFinding) -> FuzzTarget.Outcome {
        let buffer = AlignedBuffer(byteCount: bytes.count)
        buffer.bytes.copyBytes(from: bytes)
        let model: ModelFile
        do throws(ModelFileError) {
            model = try ModelFile(GGUFFile(source: .memory(buffer), path: "input.gguf"))
        } catch {
            return .refused(error.message)
        }
        let refusal = try tokenise(model, bytes)
        let outcome = try use(model)
        return refusal.map(FuzzTarget.Outcome.refused) ?? outcome
    }

    /// What every kind of model must stand once it is open.
    static func use(_ model: ModelFile) throws(FuzzFinding) -> FuzzTarget.Outcome {
        for warning in model.warnings { try FuzzFinding.check(message: warning) }
        if let invalidity = model.description.invalidity { throw FuzzFinding("opened though \(invalidity)") }
        var refusal: String?
        let kinds = ModelFile.kinds(of: model.description)
        for kind in kinds where model.byteCount(of: kind) <= packedBytesMax {
            refusal = try pack(kind, of: model) ?? refusal
        }
        return refusal.map(FuzzTarget.Outcome.refused) ?? .accepted
    }

    /// - Returns: the message of a refusal.
    private static func tokenise(_ model: ModelFile, _ bytes: [UInt8]) throws(FuzzFinding) -> String? {
        let tokenizer: Tokenizer
        do throws(ModelFileError) {
            tokenizer = try model.tokenizer()
        } catch {
            try FuzzFinding.check(message: error.message)
            return error.message
        }
        try tokenise(tokenizer, bytes)
        return nil
    }

    /// What every tokenizer must stand, whatever its tables say.
    static func tokenise(_ tokenizer: Tokenizer, _ bytes: [UInt8]) throws(FuzzFinding) {
        let texts = [
            "", "Once upon a time, in 2024 it's <|eot_id|> a  \n\n\tb\u{E9}\u{1F600}",
            String(decoding: bytes.suffix(256), as: UTF8.self),
        ]
        for text in texts {
            for parsesSpecial in [false, true] {
                let tokens = tokenizer.encode(text, addsBeginning: true, parsesSpecial: parsesSpecial)
                guard tokens.allSatisfy({ $0 < tokenizer.count }) else {
                    throw FuzzFinding("a token beyond the vocabulary")
                }
                _ = tokenizer.decode(tokens)
            }
        }
        // Ids come from a peer too.
        _ = tokenizer.decode([0, UInt32(tokenizer.count), UInt32.max])
    }

    /// - Returns: the message of a refusal.
    private static func pack(
        _ kind: PartReference.Kind, of model: ModelFile
    ) throws(FuzzFinding) -> String? {
        let part: PackedPart
        do {
            part = try model.pack(kind)
        } catch {
            guard let error = error as? ModelFileError else { throw FuzzFinding("packing threw \(error)") }
            try FuzzFinding.check(message: error.message)
            return error.message
        }
        do {
            try part.withView { try $0.check(kind, of: model.description) }
        } catch {
            throw FuzzFinding("\(kind) was packed but cannot be read: \(error)")
        }
        return nil
    }
}
