// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetEngine
import BitNetFormats
import BitNetTokenizer
import ClusterCoordinator

extension Inspection {
    /// For people.
    package var text: String {
        var lines = [PrintableText.line(path, bytesMax: .max)]
        lines += Table(rows: facts.map { ["  \($0.0)", $0.1] }).lines
        lines += ["", "tensors"] + Table(rows: types.map(row)).lines
        lines += ["", "stages"] + Table(rows: stages.enumerated().map(row)).lines
        lines.append("  coordinator  \(ByteCount.text(coordinatorByteCount)) resident")
        lines += warnings.flatMap { ["", "warning: \($0)"] }
        return lines.joined(separator: "\n") + "\n"
    }

    private var facts: [(String, String)] {
        let shape = description
        return [
            ("name", shape.name), ("container", container), ("architecture", architecture),
            (
                "parameters",
                "\(Self.count(parameterCount)), of which \(Self.count(ternary.weightCount)) ternary"
            ),
            (
                "shape",
                "\(shape.layerCount) layers, hidden \(shape.hiddenSize), feed-forward \(shape.feedForwardSize), "
                    + "\(shape.headCount) heads of \(shape.headSize), \(shape.keyValueHeadCount) for keys and values"
            ),
            ("context", "\(shape.contextLength) tokens, rotary base \(shape.ropeBase)\(ropeText)"),
            (
                "vocabulary",
                "\(shape.vocabularySize), head \(shape.hasTiedHead ? "tied to" : "apart from") the embedding"
            ),
            ("activation", shape.activation == .siLU ? "SiLU" : "squared ReLU"),
            ("sub-norms", shape.hasSubNorms ? "yes" : "no"),
        ] + familyFacts + [
            ("tokenizer", tokenizerText), ("chat template", chatText),
            (
                "ternary weights",
                "\(Self.bits(ternary.storedByteCount, ternary.weightCount)) bits a weight in the file, "
                    + "\(Self.bits(ternary.packedByteCount, ternary.weightCount)) as sent and kept"
            ),
            ("scales", "one for \(scaleText)"), ("activations", "int8, one scale for \(activationText)"),
            ("size", ByteCount.text(byteCount)),
        ]
    }

    /// What only some families have.
    private var familyFacts: [(String, String)] {
        var facts: [(String, String)] = []
        if description.hasHeadNorms { facts.append(("head norms", "yes")) }
        let multipliers = [
            ("embedding × ", description.embeddingScale), ("branches × ", description.residualScale),
            ("logits ÷ ", description.logitScale),
        ].filter { $0.1 != 1 }.map { "\($0.0)\($0.1)" }
        if !multipliers.isEmpty { facts.append(("multipliers", multipliers.joined(separator: ", "))) }
        return facts
    }

    private var ropeText: String {
        switch description.rope {
        case .none: ""
        case .linear(let factor): ", stretched by \(factor)"
        case .llama3(let factor, _, _, let context): ", stretched by \(factor) from \(context) as Llama 3.1"
        case .yarn(let factor, let context, _, _, _): ", YaRN by \(factor) from \(context)"
        }
    }

    private var scaleText: String {
        let encoding = description.matrixEncoding
        let width = encoding.scaleByteCount == 2 ? "f16" : "f32"
        if let group = encoding.scaleGroup { return "\(group) weights, in \(width)" }
        return encoding.hasScalesInRows ? "a row" : "a matrix"
    }

    private var activationText: String {
        description.activationGroup == 0 ? "a token" : "\(description.activationGroup) values"
    }

    private var tokenizerText: String {
        guard let tokenizer else { return "none that can be used" }
        let stops = tokenizer.stops.map { "\($0.token) \(PrintableText.line($0.text))" }
        let begin = tokenizer.addsBeginning ? tokenizer.beginningToken.map { "\($0)" } ?? "none" : "none"
        return
            "\(tokenizer.tokenCount) tokens, begins with \(begin), ends with \(stops.joined(separator: ", "))"
    }

    private var chatText: String {
        chatTemplate?.summary ?? (hasEmbeddedTemplate ? "one that cannot be used" : "none")
    }

    private func row(_ type: TensorTypeCount) -> [String] {
        [
            "  \(type.name)", "\(type.tensorCount) tensors", ByteCount.text(type.byteCount),
            "\(type.bitsPerWeight.text(places: 2)) bits a weight",
        ]
    }

    private func row(_ index: Int, _ stage: StageNeed) -> [String] {
        [
            "  stage \(index)", "layers \(stage.layers)", "\(ByteCount.text(stage.wireByteCount)) sent",
            "\(ByteCount.text(stage.memory.weights)) weights", "\(ByteCount.text(stage.memory.cache)) cache",
            "\(ByteCount.text(stage.memory.scratch)) working memory",
            "\(ByteCount.text(stage.residentByteCount)) resident in all",
        ]
    }

    private static func count(_ value: UInt64) -> String {
        switch value {
        case 1_000_000_000...: "\((Double(value) / 1e9).text(places: 3)) billion"
        case 1_000_000...: "\((Double(value) / 1e6).text(places: 1)) million"
        default: "\(value)"
        }
    }

    private static func bits(_ byteCount: UInt64, _ weightCount: UInt64) -> String {
        (Double(byteCount) * 8 / Double(max(weightCount, 1))).text(places: 3)
    }
}
