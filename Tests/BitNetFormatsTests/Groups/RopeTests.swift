// SPDX-License-Identifier: MIT

import BitNetCore
import BitNetFormats
import BitNetSynthesis
import Glibc
import ModelTestSupport
import Testing

/// What GGUF keys and tensors make of a rotary embedding.
@Suite struct RopeTests {
    private func rope(
        _ architecture: String = "qwen3", _ change: (inout GGUFBuilder) -> Void
    ) throws(ModelFileError) -> RopeScaling {
        var builder = GroupModel.builder(architecture: architecture)
        change(&builder)
        return try openModel(builder.bytes).description.rope
    }

    @Test func `YaRN has the file's numbers, and known ones for those that it lacks`() throws {
        let plain = try rope {
            $0.set("qwen3.rope.scaling.type", text: "yarn")
            $0.set("qwen3.rope.scaling.factor", float: 4)
            $0.set("qwen3.rope.scaling.original_context_length", integer: 64)
        }
        guard case .yarn(4, 64, 32, 1, let attention) = plain else {
            Issue.record("\(plain)")
            return
        }
        #expect(abs(attention - 1.138629436) < 1e-7)
        let full = try rope {
            $0.set("qwen3.rope.scaling.type", text: "yarn")
            $0.set("qwen3.rope.scaling.factor", float: 4)
            $0.set("qwen3.rope.scaling.yarn_beta_fast", float: 16)
            $0.set("qwen3.rope.scaling.yarn_beta_slow", float: 2)
            $0.set("qwen3.rope.scaling.yarn_ext_factor", float: 1)
            $0.set("qwen3.rope.scaling.attn_factor", float: 0.5)
        }
        #expect(
            full
                == .yarn(
                    factor: 4, originalContext: 256, betaFast: 16, betaSlow: 2, attentionFactor: attention / 2
                ))
        let neutral = try rope {
            $0.set("qwen3.rope.scaling.type", text: "yarn")
            $0.set("qwen3.rope.scaling.factor", float: 1)
        }
        #expect(neutral == .none)
    }

    @Test(arguments: ["linear", nil])
    func `a factor alone stretches all positions`(type: String?) throws {
        let linear = try rope("llama") {
            if let type { $0.set("llama.rope.scaling.type", text: type) }
            $0.set("llama.rope.scaling.factor", float: 2.5)
        }
        #expect(linear == .linear(factor: 2.5))
    }

    @Test(arguments: [8, 32] as [Float])
    func `the factors of Llama 3 are known`(factor: Float) throws {
        func factors(_ turnsLow: Double) -> [UInt8] {
            (0..<64).flatMap { pair in
                let turns = 8192 * pow(1e6, -Double(pair) / 64) / (2 * .pi)
                let share = min(max((turns - turnsLow) / (4 - turnsLow), 0), 1)
                let value = 1 / ((1 - share) / Double(factor) + share)
                return littleEndian(Float(value).bitPattern)
            }
        }
        let known = try rope("llama") {
            $0.tensors.append(.init("rope_freqs.weight", [64], 0, factors(1)))
        }
        #expect(
            known
                == .llama3(
                    factor: factor, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalContext: 8192))
        let error = #expect(throws: ModelFileError.self) {
            try rope("llama") { $0.tensors.append(.init("rope_freqs.weight", [64], 0, factors(2))) }
        }
        #expect(error?.code == .unsupportedRope && error?.subject == "rope_freqs.weight")
    }

    @Test(arguments: ["rope_factors_long.weight", "rope_factors_short.weight"])
    func `LongRoPE is refused by name`(name: String) {
        let error = #expect(throws: ModelFileError.self) {
            try rope("minicpm") { $0.tensors.append(.init(name, [64], 0, TinyModel.gains(64))) }
        }
        #expect(error?.code == .unsupportedRope && error?.message.contains("LongRoPE") == true)
    }

    static let refusals: [GGUFFault] = [
        GGUFFault("YaRN without a factor", .unsupportedRope) {
            $0.set("qwen3.rope.scaling.type", text: "yarn")
        },
        GGUFFault("no extrapolation", .unsupportedRope) {
            $0.set("qwen3.rope.scaling.type", text: "yarn")
            $0.set("qwen3.rope.scaling.factor", float: 4)
            $0.set("qwen3.rope.scaling.yarn_ext_factor", float: 0)
        },
        GGUFFault("a multiplier of the logarithm", .unsupportedRope) {
            $0.set("qwen3.rope.scaling.type", text: "yarn")
            $0.set("qwen3.rope.scaling.factor", float: 4)
            $0.set("qwen3.rope.scaling.yarn_log_multiplier", float: 0.1)
        },
        GGUFFault("no scaling by a factor", .unsupportedRope) {
            $0.set("qwen3.rope.scaling.type", text: "none")
            $0.set("qwen3.rope.scaling.factor", float: 4)
        },
        GGUFFault("a negative factor", .invalidModel) {
            $0.set("qwen3.rope.scaling.factor", float: -4)
        },
        GGUFFault("an original context of 0", .invalidModel) {
            $0.set("qwen3.rope.scaling.type", text: "yarn")
            $0.set("qwen3.rope.scaling.factor", float: 4)
            $0.set("qwen3.rope.scaling.original_context_length", integer: 0)
        },
    ]

    @Test(arguments: refusals)
    func `what cannot be computed is refused by name`(fault: GGUFFault) {
        let error = #expect(throws: ModelFileError.self) { try rope { fault.apply(&$0) } }
        #expect(error?.code == fault.code)
    }

    @Test func `a Bonsai without YaRN and one in blocks of 256 are warned of`() throws {
        var builder = GroupModel.builder()
        builder.set("general.name", text: "Ternary-Bonsai-8B")
        #expect(try openModel(builder.bytes).warnings.first?.contains("YaRN") == true)
        builder.set("qwen3.rope.scaling.type", text: "yarn")
        builder.set("qwen3.rope.scaling.factor", float: 4)
        #expect(try openModel(builder.bytes).warnings.isEmpty)
        builder.change("blk.0.ffn_up.weight") {
            $0.type = 35
            $0.data = GroupModel.data(
                "blk.0.ffn_up.weight", rows: 512, columns: 256, .blocks(.tq2))
        }
        #expect(try openModel(builder.bytes).warnings.first?.contains("worse copy") == true)
    }

    @Test func `MiniCPM has its multipliers, and those of its first models without keys`() throws {
        var builder = GroupModel.builder(architecture: "minicpm")
        var model = try openModel(builder.bytes).description
        #expect(model.embeddingScale == 12 && model.logitScale == 1)
        #expect(model.residualScale == 1.4 / Float(2).squareRoot())
        #expect(model.rotaryPairing == .adjacent && !model.hasHeadNorms && model.activationGroup == 128)
        builder.set("minicpm.embedding_scale", float: 2)
        builder.set("minicpm.residual_scale", float: 0.25)
        builder.set("minicpm.logit_scale", float: 16)
        model = try openModel(builder.bytes).description
        #expect(model.embeddingScale == 2 && model.residualScale == 0.25 && model.logitScale == 16)
    }
}
