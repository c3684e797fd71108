// SPDX-License-Identifier: MIT

import BitNetCore
import BitNetFormats
import ModelTestSupport
import Testing

@Suite struct ModelFileTests {
    @Test func `the description comes from metadata and tensors`() throws {
        let model = try openModel(TinyModel.builder().bytes)
        #expect(
            model.description
                == ModelDescription(
                    name: "tiny",
                    shape: .init(
                        layerCount: 2, hiddenSize: 12, feedForwardSize: 17, headCount: 2,
                        keyValueHeadCount: 1, headSize: 6, vocabularySize: 22, hasSubNorms: true),
                    contextLength: 64, normEpsilon: 1e-5, ropeBase: 500_000, activation: .squaredReLU,
                    rotaryPairing: .halves, hasTiedHead: true))
        #expect(model.warnings == [])
        #expect(model.chatTemplate == nil)
    }

    @Test(
        arguments: [
            ("bitnet-b1.58", nil, .squaredReLU, .halves), ("bitnet-25", nil, .squaredReLU, .halves),
            ("bitnet", nil, .siLU, .halves), ("bitnet", "relu2", .squaredReLU, .halves),
            ("bitnet-b1.58", "silu", .siLU, .halves), ("llama", nil, .siLU, .adjacent),
        ] as [(String, String?, ModelDescription.Activation, ModelDescription.RotaryPairing)])
    func `the family decides activation and rotary pairing`(
        architecture: String, named: String?, activation: ModelDescription.Activation,
        pairing: ModelDescription.RotaryPairing
    ) throws {
        var builder = TinyModel.builder(architecture)
        if let named { builder.set("\(architecture).hidden_activation", text: named) }
        let model = try openModel(builder.bytes)
        #expect(model.description.activation == activation)
        #expect(model.description.rotaryPairing == pairing)
        #expect(model.description.hasSubNorms == (architecture != "llama"))
        #expect(model.description.hasTiedHead == (architecture != "llama"))
        #expect(model.warnings.isEmpty == (architecture != "bitnet" || named != nil))
    }

    @Test func `defaults fill in for keys that may be absent`() throws {
        var builder = TinyModel.builder("llama")
        builder.remove("llama.rope.freq_base")
        builder.remove("general.name")
        let description = try openModel(builder.bytes).description
        #expect(description.ropeBase == 10_000)
        #expect(description.name == "test.gguf")
    }

    @Test func `a long name is cut at a character`() throws {
        var builder = TinyModel.builder()
        builder.set("general.name", text: String(repeating: "é", count: 40) + "x")
        #expect(try openModel(builder.bytes).description.name == String(repeating: "é", count: 32))
    }

    @Test func `a second copy of the embedding counts as tied`() throws {
        var builder = TinyModel.builder()
        let table = try #require(builder.tensors.first)
        builder.tensors.append(.init("output.weight", table.dimensions, table.type, table.data))
        let tied = try openModel(builder.bytes)
        #expect(tied.description.hasTiedHead)
        #expect(tied.warnings.contains { $0.contains("output.weight") })
        builder.change("output.weight") { $0.data[5] ^= 1 }
        #expect(try !openModel(builder.bytes).description.hasTiedHead)
    }

    @Test func `the template that does not fit the model is dropped with a warning`() throws {
        var builder = TinyModel.builder()
        builder.set("tokenizer.chat_template", text: "{{ x }}")
        #expect(try openModel(builder.bytes).chatTemplate?.text == "{{ x }}")
        builder.set("tokenizer.chat_template", text: "Human: {{ x }}\n\nBITNETAssistant: ")
        let model = try openModel(builder.bytes)
        #expect(model.chatTemplate == nil)
        #expect(model.warnings.count == 1)
    }

    @Test func `an unused tensor outside the layers is only mentioned, rope factors of one not even that`()
        throws
    {
        var builder = TinyModel.builder()
        builder.tensors.append(.init("extra.weight", [2], 0, TinyModel.gains(2)))
        let one = littleEndian(Float(1).bitPattern)
        builder.tensors.append(.init("rope_freqs.weight", [3], 0, one + one + one))
        let model = try openModel(builder.bytes)
        #expect(model.warnings == ["tensor extra.weight is not used"])
    }

    static let refusals: [GGUFFault] = [
        GGUFFault("no architecture", .missingKey) { $0.remove("general.architecture") },
        GGUFFault("another architecture", .unsupportedArchitecture) {
            $0.set("general.architecture", text: "gemma3")
        },
        GGUFFault("a part of a split model", .splitFile) { $0.set("split.count", integer: 3) },
        GGUFFault("no width", .missingKey) { $0.remove("bitnet-b1.58.embedding_length") },
        GGUFFault("no epsilon", .missingKey) { $0.remove("bitnet-b1.58.attention.layer_norm_rms_epsilon") },
        GGUFFault("zero heads", .invalidModel) { $0.set("bitnet-b1.58.attention.head_count", integer: 0) },
        GGUFFault("heads that do not divide the width", .invalidModel) {
            $0.set("bitnet-b1.58.attention.head_count", integer: 5)
        },
        GGUFFault("layers beyond the limit", .invalidModel) {
            $0.set("bitnet-b1.58.block_count", integer: UInt32(Limits.layersMax + 1))
        },
        GGUFFault("values of another length than keys", .invalidModel) {
            $0.set("bitnet-b1.58.attention.value_length", integer: 8)
        },
        GGUFFault("an unknown activation", .invalidModel) {
            $0.set("bitnet-b1.58.hidden_activation", text: "gelu")
        },
        GGUFFault("rope scaling", .unsupportedRope) {
            $0.set("bitnet-b1.58.rope.scaling.type", text: "yarn")
        },
        GGUFFault("rope stretched", .unsupportedRope) {
            $0.set("bitnet-b1.58.rope.scaling.type", text: "longrope")
            $0.set("bitnet-b1.58.rope.scaling.factor", float: 4)
        },
        GGUFFault("half of a head rotated", .unsupportedRope) {
            $0.set("bitnet-b1.58.rope.dimension_count", integer: 2)
        },
        GGUFFault("rope factors", .unsupportedRope) {
            $0.tensors.append(.init("rope_freqs.weight", [3], 0, TinyModel.gains(3)))
        },
        GGUFFault("no embedding", .missingTensor) { $0.removeTensor("token_embd.weight") },
        GGUFFault("no output norm", .missingTensor) { $0.removeTensor("output_norm.weight") },
        GGUFFault("a layer's matrix missing", .missingTensor) { $0.removeTensor("blk.1.ffn_up.weight") },
        GGUFFault("one sub-norm of two", .missingTensor) { $0.removeTensor("blk.0.ffn_sub_norm.weight") },
        GGUFFault("one layer more than said", .unexpectedTensor) {
            $0.tensors.append(.init("blk.2.attn_norm.weight", [12], 0, TinyModel.gains(12)))
        },
        GGUFFault("a bias", .unexpectedTensor) {
            $0.tensors.append(.init("blk.0.attn_q.bias", [12], 0, TinyModel.gains(12)))
        },
        GGUFFault("a matrix transposed", .wrongShape) {
            $0.change("blk.0.ffn_up.weight") { $0.dimensions = [17, 12] }
        },
        GGUFFault("a norm too short", .wrongShape) {
            $0.change("output_norm.weight") { $0.dimensions = [11] }
        },
    ]

    @Test(arguments: refusals)
    func `what cannot be run is refused by name`(fault: GGUFFault) throws {
        var builder = TinyModel.builder()
        fault.apply(&builder)
        let bytes = builder.bytes
        let error = #expect(throws: ModelFileError.self) { try openModel(bytes) }
        #expect(error?.code == fault.code)
    }

    @Test(
        arguments: [
            (38, "TL1"), (39, "TL2"), (39, "MXFP4"), (10, "Q2_K"), (16, "IQ2_XXS"),
            (134, "IQ1_BN"), (135, "IQ2_BN"), (99, "type 99"),
        ] as [(UInt32, String)])
    func `a tensor type that cannot be read is refused by name with a remedy`(
        type: UInt32, name: String
    ) throws {
        var builder = TinyModel.builder()
        // Wide enough for every block size; the shape is checked before the type.
        builder.set("bitnet-b1.58.embedding_length", integer: 256)
        builder.tensors.removeAll()
        builder.tensors.append(
            .init("token_embd.weight", [256, 2], type, [UInt8](repeating: 0, count: 4096)))
        let bytes = builder.bytes
        let error = #expect(throws: ModelFileError.self) { try openModel(bytes) }
        #expect(error?.code == .unsupportedTensorType)
        #expect(error?.message.contains(name) == true)
        #expect(error?.remedy.contains("TQ2_0") == true)
    }
}
