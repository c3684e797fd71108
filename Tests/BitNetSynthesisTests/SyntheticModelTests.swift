// SPDX-License-Identifier: MIT

import BitNetCore
import BitNetFormats
import BitNetSynthesis
import ModelTestSupport
import TestSupport
import Testing

/// What a synthetic model holds, before any file.
@Suite struct SyntheticModelTests {
    private static let kinds = SyntheticFormat.Kind.allCases

    private func tensor(
        _ model: SyntheticModel, _ role: TensorRole, layer: Int? = 0
    ) throws -> SyntheticTensor {
        try #require(model.tensors.first { $0.role == role && $0.layer == layer })
    }

    // MARK: Weights

    @Test func `a third of the trits each is −1, 0, +1 and no two rows are alike`() throws {
        let down = try tensor(smallModel(), .down)
        let rows = (0..<down.rows).map { down.codes(row: $0) }
        #expect(Set(rows).count == down.rows)
        for code in UInt8(0)...2 {
            let share = Double(rows.joined().count { $0 == code }) / Double(down.rows * down.columns)
            #expect(abs(share - 1 / 3.0) < 0.01)
        }
        // Columns are independent too: every pair of neighbours comes about a ninth of the time.
        let pairs = rows.flatMap { row in zip(row, row.dropFirst()).map { 3 * $0 + $1 } }
        for pair in UInt8(0)..<9 {
            #expect(abs(Double(pairs.count { $0 == pair }) / Double(pairs.count) - 1 / 9.0) < 0.01)
        }
    }

    @Test(arguments: [1, 7, 8, 9, 31, 33, 127, 130])
    func `rows of any width begin alike`(columns: Int) throws {
        let wide = try tensor(smallModel { $0.hidden = 256 }, .query)
        let narrow = try tensor(
            smallModel {
                $0.hidden = columns
                $0.heads = 4
                $0.headSize = 64
            }, .query)
        for row in [0, 1, 255] { #expect(narrow.codes(row: row) == Array(wide.codes(row: row)[..<columns])) }
    }

    @Test func `another seed, layer or role gives other weights`() throws {
        let models = try [smallModel(seed: 1), smallModel(seed: 2)]
        let query = try tensor(models[0], .query).codes(row: 3)
        #expect(try query != tensor(models[1], .query).codes(row: 3))
        #expect(try query != tensor(models[0], .query, layer: 1).codes(row: 3))
        #expect(try query != tensor(models[0], .attentionOutput).codes(row: 3))
        #expect(try query == tensor(smallModel(seed: 1), .query).codes(row: 3))
    }

    @Test(arguments: ["bitnet-b1.58", "llama"])
    func `scales suit the width and are exact in every type`(family: String) throws {
        let model = try smallModel(family: family) { $0.layers = 40 }
        let ternary = model.tensors.filter { $0.form.isTernary }
        for tensor in ternary {
            let usual = (1.5 / Float(tensor.columns)).squareRoot()
            #expect((0.5...2).contains(tensor.scale / usual))
            #expect(Float(Float16(tensor.scale)) == tensor.scale)
            // Four significant bits; of Llama's, one, so that the reciprocal is exact as well.
            let bits = family == "llama" ? tensor.scale.significand : tensor.scale.significand * 8
            #expect(bits == bits.rounded() && bits >= 1)
        }
        #expect(Set(ternary.map(\.scale)).count > 1)
    }

    @Test func `tables are near normal, the head's logits as wide as those of trained models`() throws {
        let model = try smallModel(family: "llama")
        for (role, spread) in [(TensorRole.embedding, Float(1)), (.head, 3 / Float(256).squareRoot())] {
            let table = try tensor(model, role, layer: nil)
            let values = try floats(table.stream(.float32).bytes())
            let mean = values.reduce(0, +) / Float(values.count)
            let variance = values.reduce(0) { $0 + $1 * $1 } / Float(values.count)
            #expect(abs(mean) < 0.02 * spread)
            #expect(abs(variance.squareRoot() / spread - 1) < 0.02)
            #expect(values.allSatisfy { abs($0) < 4 * spread })
            #expect(try floats16(table.stream(.float16).bytes()) { Float(Float16(bitPattern: $0)) } == values)
            #expect(try floats16(table.stream(.bfloat16).bytes(), BFloat16.value) == values)
        }
        let gains = try floats(tensor(model, .outputNorm, layer: nil).stream(.float32).bytes())
        #expect(gains.allSatisfy { (0.6...1.4).contains($0) } && Set(gains).count > 40)
    }

    private func floats(_ bytes: [UInt8]) -> [Float] {
        bytes.withUnsafeBytes { raw in raw.bindMemory(to: Float.self).map { $0 } }
    }

    private func floats16(_ bytes: [UInt8], _ value: (UInt16) -> Float) -> [Float] {
        bytes.withUnsafeBytes { raw in raw.bindMemory(to: UInt16.self).map(value) }
    }

    // MARK: Masters

    @Test(arguments: ["bitnet-b1.58", "llama"], [64, 100, 256, 512])
    func `masters quantise to the model's trits and scale`(family: String, columns: Int) throws {
        let model = try smallModel(family: family) { $0.feedForward = columns }
        let down = try tensor(model, .down)
        let masters = try floats16(down.masterStream(.bfloat16).bytes(), BFloat16.value)
        let mean = masters.reduce(0.0) { $0 + Double(abs($1)) } / Double(masters.count)
        #expect(Float(mean) == down.scale)
        for row in 0..<down.rows {
            let quantised = masters[row * columns..<(row + 1) * columns].map { master in
                UInt8(min(max((master / down.scale).rounded(.toNearestOrEven), -1), 1) + 1)
            }
            #expect(quantised == down.codes(row: row))
        }
        // Masters are not trits in disguise.
        #expect(Set(masters.map(abs)).count > 3)
        #expect(try floats(down.masterStream(.float32).bytes()) == masters)
    }

    // MARK: Shapes

    @Test func `a shape can be changed in every way, and stays a model that can be run`() throws {
        let model = try smallModel(family: "bitnet") {
            $0.layers = 3
            $0.headSize = 32
            $0.context = 77
            $0.ropeBase = 1234
            $0.isTied = true
            $0.activation = "relu2"
        }
        #expect(model.description.invalidity == nil)
        #expect(model.description.layerCount == 3 && model.description.querySize == 128)
        #expect(model.description.contextLength == 77 && model.description.ropeBase == 1234)
        #expect(model.description.hasTiedHead && model.description.hasSubNorms)
        #expect(model.description.activation == .squaredReLU)
        #expect(model.tensors.count == 2 + 3 * 11)
        let tensors = model.tensors
        #expect(model.parameterCount == tensors.reduce(0) { $0 + $1.rows * $1.columns })
    }

    @Test func `a family brings its activation and its sub-norms`() throws {
        let expected: [(String, Bool, ModelDescription.Activation)] = [
            ("bitnet-b1.58", true, .squaredReLU), ("bitnet-25", true, .squaredReLU), ("bitnet", true, .siLU),
            ("llama", false, .siLU),
        ]
        for (family, hasSubNorms, activation) in expected {
            let model = try smallModel(family: family).description
            #expect(model.hasSubNorms == hasSubNorms && model.activation == activation, "\(family)")
        }
    }

    @Test func `changes that make no model are refused with the reason`() {
        let bad: [(String, (inout SyntheticModel.Changes) -> Void)] = [
            ("layer count", { $0.layers = 0 }), ("heads", { $0.heads = 3 }), ("heads", { $0.heads = 0 }),
            ("family", { $0.family = "gpt" }), ("activation", { $0.activation = "gelu" }),
            ("vocabulary", { $0.vocabulary = 271 }), ("odd", { $0.headSize = 33 }),
            ("hidden", { $0.hidden = 1 << 30 }),
        ]
        for (words, change) in bad {
            let error = #expect(throws: ModelWriteError.self, "\(words)") { try smallModel(change) }
            #expect(error?.message.contains(words.prefix(4)) == true, "\(words): \(error?.message ?? "")")
        }
    }

    @Test(arguments: kinds)
    func `a type that a matrix does not fit is refused before anything is written`(
        kind: SyntheticFormat.Kind
    ) throws {
        let directory = try TemporaryFolder()
        let model = try smallModel {
            $0.hidden = 250
            $0.heads = 5
            $0.keyValueHeads = 5
            $0.feedForward = 33
        }
        let output = Result { try model.output(SyntheticFormat(kind), path: "\(directory.path)/out") }
        switch kind {
        case .float16, .bfloat16, .float32: #expect(throws: Never.self) { try output.get() }
        default:
            let error = #expect(throws: ModelWriteError.self) { try output.get() }
            #expect(error?.message.hasPrefix(kind.rawValue) == true)
            #expect(error?.message.contains("blk.0.") == true)
        }
        #expect(directory.names.isEmpty)
    }
}
