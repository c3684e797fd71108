// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetEngine
import BitNetFormats
import BitNetTokenizer
import ClusterCoordinator

extension Inspection {
    /// For people.
    var text: String {
        var lines = [model.path]
        lines += Table.lines(facts.map { ["  \($0.0)", $0.1] })
        lines += ["", "tensors"] + Table.lines(types.map(row))
        lines += ["", "stages"] + Table.lines(stages.enumerated().map(row))
        lines.append("  coordinator  \(ByteCount.text(coordinatorByteCount)) resident")
        lines += warnings.flatMap { ["", "warning: \($0)"] }
        return lines.joined(separator: "\n") + "\n"
    }

    private var facts: [(String, String)] {
        let shape = model.description
        return [
            ("name", shape.name), ("container", model.container), ("architecture", model.architecture),
            (
                "parameters",
                "\(Self.count(model.parameterCount)), of which \(Self.count(ternary.weightCount)) ternary"
            ),
            (
                "shape",
                "\(shape.layerCount) layers, hidden \(shape.hiddenSize), feed-forward \(shape.feedForwardSize), "
                    + "\(shape.headCount) heads of \(shape.headSize), \(shape.keyValueHeadCount) for keys and values"
            ),
            ("context", "\(shape.contextLength) tokens, rotary base \(shape.ropeBase)"),
            (
                "vocabulary",
                "\(shape.vocabularySize), head \(shape.hasTiedHead ? "tied to" : "apart from") the embedding"
            ),
            ("activation", shape.activation == .siLU ? "SiLU" : "squared ReLU"),
            ("sub-norms", shape.hasSubNorms ? "yes" : "no"),
            ("tokenizer", tokenizerText), ("chat template", chatText),
            (
                "ternary weights",
                "\(Self.bits(ternary.storedByteCount, ternary.weightCount)) bits a weight in the file, "
                    + "\(Self.bits(ternary.packedByteCount, ternary.weightCount)) as sent and kept"
            ),
            ("size", ByteCount.text(byteCount)),
        ]
    }

    private var tokenizerText: String {
        switch tokenizer {
        case .success(let tokenizer):
            let stops = tokenizer.stopTokens.sorted().map {
                "\($0) \(PrintableText.line(tokenizer.text(of: $0)))"
            }
            let begin = tokenizer.addsBeginning ? tokenizer.beginningToken.map { "\($0)" } ?? "none" : "none"
            return
                "\(tokenizer.count) tokens, begins with \(begin), ends with \(stops.joined(separator: ", "))"
        case .failure: return "none that can be used"
        }
    }

    private var chatText: String {
        if let chatTemplate {
            return "\(chatTemplate)" + (model.chatTemplate == nil ? "" : ", named in the model")
        }
        return model.chatTemplate == nil ? "none" : "one that is not known"
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
        (Double(byteCount * 8) / Double(max(weightCount, 1))).text(places: 3)
    }
}
