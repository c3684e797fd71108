// SPDX-License-Identifier: MIT

import BitNetCore
import BitNetFormats
import BitNetSynthesis
import BitNetTokenizer
import ModelTestSupport
import TestSupport
import Testing

/// Synthetic models in files: what the readers make of them, and that all types say the same.
@Suite struct SyntheticFileTests {
    /// Everything that the engine would get, by part.
    private func digests(
        _ directory: TemporaryFolder, _ options: ModelOptions = .init()
    ) throws -> [PartReference.Kind: ContentDigest] {
        let isFile = directory.names.contains("model.gguf")
        let file = try ModelFile(path: directory.path + (isFile ? "/model.gguf" : ""), options: options)
        #expect(file.isSynthetic)
        let kinds = ModelFile.kinds(of: file.description)
        return try Dictionary(uniqueKeysWithValues: kinds.map { ($0, try file.pack($0).reference.digest) })
    }

    @Test(arguments: ["bitnet-b1.58", "bitnet-25", "bitnet", "llama"])
    func `a GGUF file describes the model and says that it is synthetic`(family: String) async throws {
        let model = try smallModel(family: family)
        let directory = try await written(model, SyntheticFormat(.tq2))
        #expect(directory.names == ["model.gguf"])
        let file = try ModelFile(path: "\(directory.path)/model.gguf")
        #expect(file.description == model.description)
        #expect(file.warnings.isEmpty, "\(file.warnings)")
        #expect(file.description.name == "synthetic tiny, random weights")
        #expect(file.isSynthetic)
        let gguf = try GGUFFile(path: "\(directory.path)/model.gguf")
        #expect(try gguf.text("general.description")?.contains("not a language model") == true)
        let tokenizer = try file.tokenizer()
        let tokens = tokenizer.encode("the cat <é>\n", addsBeginning: true)
        #expect(tokens.first == 284)
        // One for each byte, but “ c” is one, and the one before all.
        #expect(tokens.count == 13 && tokens.allSatisfy { $0 < 300 })
    }

    @Test(arguments: ["bitnet-b1.58", "bitnet", "llama"])
    func `every type gives the engine the same bytes`(family: String) async throws {
        let model = try smallModel(family: family) { $0.layers = 1 }
        let first = try await digests(written(model, SyntheticFormat(.tq2)))
        for kind in [SyntheticFormat.Kind.tq1, .float16, .bfloat16, .float32] {
            let other = try await digests(written(model, SyntheticFormat(kind, floats: .float16)))
            #expect(other == first, "\(kind)")
        }
        for layout in I2SLayout.allCases {
            var options = ModelOptions()
            options.i2sLayout = layout
            let other = try await digests(written(model, SyntheticFormat(.i2s, i2sLayout: layout)), options)
            #expect(other == first, "I2_S \(layout)")
        }
        let packed = try await digests(written(model, SyntheticFormat(.packed, floats: .float16)))
        // In GGUF files of this family the rows of queries and keys stand in another order.
        let isPermuted = family == "llama"
        #expect((packed[.layer(0)] == first[.layer(0)]) == !isPermuted)
        for kind in first.keys where kind != .layer(0) { #expect(packed[kind] == first[kind], "\(kind)") }
    }

    @Test(arguments: ["qwen3", "minicpm"], [true, false])
    func `every type of scales by group gives the engine the same bytes`(
        family: String, isTied: Bool
    ) async throws {
        let model = try smallModel(family: family) {
            $0.layers = 1
            $0.isTied = isTied
        }
        let first = try await digests(written(model, SyntheticFormat(.pq2)))
        for kind in [SyntheticFormat.Kind.q2, .ptq1, .float16, .bfloat16, .float32] {
            let directory = try await written(model, SyntheticFormat(kind))
            #expect(try digests(directory) == first, "\(kind)")
            let file = try ModelFile(path: "\(directory.path)/model.gguf")
            #expect(file.description == model.description, "\(kind)")
            #expect(file.warnings.isEmpty, "\(file.warnings)")
            #expect(file.tableEncodings == TableEncodings(embedding: .t5Group128Half))
        }
        for floats in [TensorEncoding.bfloat16, .float16, .float32] {
            let directory = try await written(model, SyntheticFormat(.unpacked, floats: floats))
            let other = try digests(directory)
            // In GGUF files of MiniCPM the rows of queries and keys stand in another order.
            for kind in first.keys where family == "qwen3" || kind != .layer(0) {
                #expect(other[kind] == first[kind], "\(floats) \(kind)")
            }
            let file = try ModelFile(path: directory.path)
            var description = file.description
            if family == "minicpm" { description.rotaryPairing = .adjacent }
            #expect(description == model.description)
            #expect(file.warnings.isEmpty, "\(file.warnings)")
            #expect(file.tableEncodings == TableEncodings(embedding: .t5Group128Half))
        }
        // Without zeros it is another model of the same shape.
        let bits = try await digests(written(model, SyntheticFormat(.q1)))
        #expect(bits.keys == first.keys && bits[.layer(0)] != first[.layer(0)])
        #expect(bits[.outputNorm] == first[.outputNorm])
        for kind in [SyntheticFormat.Kind.tq1, .tq2, .i2s, .packed, .masters] {
            #expect(throws: ModelWriteError.self) { try model.output(SyntheticFormat(kind), path: "x") }
        }
    }

    @Test func `a directory of Qwen's kind talks as its GGUF file does`() async throws {
        var changes = SyntheticModel.Changes()
        changes.layers = 1
        changes.hidden = 256
        changes.heads = 2
        changes.keyValueHeads = 1
        changes.feedForward = 256
        changes.vocabulary = 600
        // Not ``smallModel``: of these alone positions are stretched.
        let model = try SyntheticModel(.bonsaiSmall, changes, seed: 3)
        #expect(model.description.rope != .none)
        let checkpoint = try await written(model, SyntheticFormat(.unpacked))
        let folder = try await written(model, SyntheticFormat(.pq2))
        // They go away with what holds them.
        defer { withExtendedLifetime((checkpoint, folder)) {} }
        let directory = try ModelFile(path: checkpoint.path)
        let file = try ModelFile(path: "\(folder.path)/model.gguf")
        #expect(directory.description == model.description && file.description == model.description)
        for text in ["the cat <é>\n", "it's 12345  and\r\n\r\n so", "<|im_start|>user"] {
            for isSpecial in [false, true] {
                let ids = try file.tokenizer().encode(text, addsBeginning: true, parsesSpecial: isSpecial)
                #expect(
                    try directory.tokenizer().encode(text, addsBeginning: true, parsesSpecial: isSpecial)
                        == ids)
            }
        }
        #expect(file.chatTemplate?.text != nil && directory.chatTemplate?.text == file.chatTemplate?.text)
    }

    @Test(arguments: ["bitnet-b1.58", "llama"])
    func `one scale for a matrix is not written unpacked`(family: String) throws {
        let error = try #require(throws: ModelWriteError.self) {
            try smallModel(family: family).output(SyntheticFormat(.unpacked), path: "x")
        }
        #expect(error.message.hasPrefix("unpacked wants a scale for each group of weights; blk.0.attn_q"))
    }

    @Test(arguments: [ModelShape.bonsaiSmall, .bonsaiMedium, .bonsaiLarge])
    func `the shapes of Bonsai are those that are published`(shape: ModelShape) throws {
        let model = try SyntheticModel(shape, SyntheticModel.Changes(), seed: 1)
        #expect(model.description == shape.description && shape.description.invalidity == nil)
        let tensorCount = [310, 398, 399][
            [.bonsaiSmall, .bonsaiMedium, .bonsaiLarge].firstIndex(of: shape) ?? 0]
        #expect(model.tensors.count == tensorCount)
        let output = try model.output(SyntheticFormat(.pq2), path: "x")
        // Within the size of its tokenizer.
        let published = [463_290_464, 1_074_969_344, 2_182_184_672][
            [.bonsaiSmall, .bonsaiMedium, .bonsaiLarge].firstIndex(of: shape) ?? 0]
        #expect(abs(Double(output.byteCount) / Double(published) - 1) < 0.02, "\(output.byteCount)")
    }

    @Test func `I2_S and packed rows hold the codes of the model`() async throws {
        let model = try smallModel(family: "llama")
        let query = try #require(model.tensors.first { $0.role == .query })
        let codes = (0..<query.rows).map { query.codes(row: $0) }
        let directory = try await written(model, SyntheticFormat(.i2s))
        let gguf = try GGUFFile(path: "\(directory.path)/model.gguf")
        let bytes = [UInt8](gguf.data(of: try #require(gguf.tensor("blk.0.attn_q.weight"))))
        #expect(bytes[(256 * 256 / 4)...].prefix(4) == littleEndian(query.scale.bitPattern)[...])
        // Pairs are adjacent in this file: row 2j + s of a head of 64 is the model's row 32s + j.
        for row in [0, 1, 2, 63, 64, 255] {
            let found = (0..<256).map { column -> UInt8 in
                let flat = row * 256 + column
                return bytes[flat / 128 * 32 + flat % 32] >> (6 - 2 * (flat % 128 / 32)) & 3
            }
            #expect(found == codes[row / 64 * 64 + row % 2 * 32 + row % 64 / 2], "\(row)")
        }

        let checkpoint = try await written(model, SyntheticFormat(.packed))
        let tensors = try SafeTensorsContents(checkpoint.bytes(of: "model.safetensors")).tensors
        let rows = try #require(tensors["model.layers.0.self_attn.q_proj.weight"])
        #expect(rows.type == "U8" && rows.shape == [64, 256])
        for row in [0, 1, 63, 64, 255] {
            let found = (0..<256).map { rows.bytes[row % 64 * 256 + $0] >> (2 * (row / 64)) & 3 }
            #expect(found == codes[row], "\(row)")
        }
        let scale = try #require(tensors["model.layers.0.self_attn.q_proj.weight_scale"])
        #expect(scale.type == "BF16" && scale.shape == [1])
        #expect(scale.bytes == littleEndian(BFloat16.bits(1 / query.scale)))
    }

    @Test(arguments: SyntheticFormat.Kind.allCases)
    func `the number of threads changes nothing`(kind: SyntheticFormat.Kind) async throws {
        let family = kind == .unpacked ? "qwen3" : "bitnet-b1.58"
        let model = try smallModel(family: family) { $0.layers = 1 }
        let name = kind.isDirectory ? "model.safetensors" : "model.gguf"
        let one = try await written(model, SyntheticFormat(kind), threads: 1).bytes(of: name)
        for threads in [2, 5] {
            #expect(try await written(model, SyntheticFormat(kind), threads: threads).bytes(of: name) == one)
        }
        let other = try smallModel(family: family, seed: 8) { $0.layers = 1 }
        #expect(try await written(other, SyntheticFormat(kind)).bytes(of: name) != one)
    }

    @Test func `a piece of a tensor is the same whatever else is made with it`() throws {
        let model = try smallModel(family: "llama")
        for storage in [TernaryStorage.blocks(.tq1), .i2s(.a), .i2s(.c), .packedRows, .dense(.float16)] {
            let stream = try #require(model.tensors.first { $0.role == .up }).stream(storage)
            let whole = try stream.bytes()
            for units in [0..<1, 1..<3, stream.unitCount - 2..<stream.unitCount] {
                let buffer = AlignedBuffer(byteCount: units.count * stream.unitByteCount)
                try stream.fill(units, buffer.bytes)
                let start = units.lowerBound * stream.unitByteCount
                #expect(buffer.withBytes { [UInt8]($0) } == Array(whole[start..<start + buffer.bytes.count]))
            }
        }
    }

    // MARK: Parts

    @Test func `parts of a GGUF model share its tensors and count themselves`() async throws {
        let model = try smallModel()
        let directory = try await written(model, SyntheticFormat(.tq2), parts: 3)
        let names = (1...3).map { "model-0000\($0)-of-00003.gguf" }
        #expect(directory.names == names)
        let whole = try await written(model, SyntheticFormat(.tq2))
        let single = try GGUFFile(path: "\(whole.path)/model.gguf")
        var found: [String] = []
        for (index, name) in names.enumerated() {
            let part = try GGUFFile(path: "\(directory.path)/\(name)")
            #expect(try part.integer("split.no") == index)
            #expect(try part.integer("split.count") == 3)
            #expect(try part.integer("split.tensors.count") == model.tensors.count)
            #expect((try part.text("general.architecture") != nil) == (index == 0))
            for tensor in part.tensors {
                let same = try #require(single.tensor(tensor.name))
                #expect(part.data(of: tensor).elementsEqual(single.data(of: same)))
            }
            found += part.tensors.map(\.name)
        }
        #expect(found == single.tensors.map(\.name))
    }

    @Test func `a checkpoint in parts has an index that finds every tensor`() async throws {
        let model = try smallModel(family: "llama")
        let directory = try await written(model, SyntheticFormat(.masters), parts: 2)
        let parts = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
        let documents = ["config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json"]
        #expect(directory.names == (documents + parts + ["model.safetensors.index.json"]).sorted())
        let contents = try parts.map { try SafeTensorsContents(directory.bytes(of: $0)).tensors }
        #expect(contents.map(\.count).reduce(0, +) == model.tensors.count)
        var listed: [String: String] = [:]
        let index = try directory.bytes(of: "model.safetensors.index.json")
        try index.withUnsafeBytes { bytes in
            var json = ModelJSONReader(bytes, file: "index")
            try json.readObject { json, key throws(ModelFileError) in
                guard key == "weight_map" else { return try json.skip() }
                try json.readObject { json, name throws(ModelFileError) in listed[name] = try json.readText()
                }
            }
        }
        #expect(listed.count == model.tensors.count)
        for (name, file) in listed { #expect(contents[file == parts[0] ? 0 : 1][name] != nil, "\(name)") }
    }
}
