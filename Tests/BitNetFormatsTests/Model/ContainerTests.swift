// SPDX-License-Identifier: MIT

import BitNetCore
import BitNetFormats
import BitNetSynthesis
import ModelTestSupport
import TestSupport
import Testing

/// One model in every form that people have it in.
@Suite struct ContainerTests {
    /// Digests of all parts.
    private func digests(
        _ model: SyntheticModel, _ format: SyntheticFormat, parts: Int = 1
    ) async throws -> [ContentDigest] {
        let directory = try await written(model, format, parts: parts)
        let file = try ModelFile(path: directory.path + (format.kind.isDirectory ? "" : "/model.gguf"))
        #expect(file.isSynthetic)
        #expect(file.description.name == model.description.name)
        return try ModelFile.kinds(of: file.description).map { try file.pack($0).reference.digest }
    }

    @Test func `I2_S codes in another order than they are read in give other weights, unnoticed`()
        async throws
    {
        let model = try smallModel()
        let right = try await digests(model, SyntheticFormat(.i2s))
        for layout in [I2SLayout.b, .c] {
            #expect(try await digests(model, SyntheticFormat(.i2s, i2sLayout: layout)) != right, "\(layout)")
        }
    }

    @Test func `a directory of several weight files gives the parts of the GGUF`() async throws {
        // Only `llama` files hold permuted rows, so the others must agree in every byte.
        let model = try smallModel(family: "bitnet-b1.58")
        let first = try await digests(model, SyntheticFormat(.tq2))
        #expect(try await digests(model, SyntheticFormat(.packed, floats: .float16), parts: 2) == first)
    }

    @Test func `masters become the trits and, to a rounding, the scale of the packed rows`() async throws {
        let model = try smallModel(family: "bitnet-b1.58")
        let packed = try await written(model, SyntheticFormat(.packed))
        let masters = try await written(model, SyntheticFormat(.masters))
        let one = try ModelFile(path: packed.path)
        let other = try ModelFile(path: masters.path)
        try one.pack(.layer(1)).withView { one in
            try other.pack(.layer(1)).withView { other in
                for (role, tensor) in one.tensors {
                    let twin = try #require(other.tensors[role])
                    #expect(abs(tensor.scale - twin.scale) <= tensor.scale * 1e-6, "\(role)")
                    #expect(tensor.bytes.elementsEqual(twin.bytes), "\(role)")
                }
            }
        }
    }

    @Test func `a llama directory differs from its GGUF in queries and keys alone`() async throws {
        let model = try smallModel(family: "llama")
        let gguf = try await written(model, SyntheticFormat(.tq2))
        let directory = try await written(model, SyntheticFormat(.packed, floats: .float16))
        let one = try ModelFile(path: "\(gguf.path)/model.gguf")
        let other = try ModelFile(path: directory.path)
        #expect(one.description.rotaryPairing == .adjacent && other.description.rotaryPairing == .halves)
        try one.pack(.layer(0)).withView { one in
            try other.pack(.layer(0)).withView { other in
                for (role, tensor) in one.tensors {
                    let twin = try #require(other.tensors[role])
                    #expect(tensor.scale == twin.scale)
                    let isPermuted = role == .query || role == .key
                    #expect(tensor.bytes.elementsEqual(twin.bytes) != isPermuted, "\(role)")
                }
            }
        }
        #expect(try one.pack(.head).reference.digest == other.pack(.head).reference.digest)
    }

    @Test func `a split GGUF opens by any of its files`() async throws {
        let model = try smallModel()
        let whole = try await digests(model, SyntheticFormat(.tq2))
        let directory = try await written(model, SyntheticFormat(.tq2), parts: 3)
        #expect(directory.names.count == 3)
        for name in directory.names {
            let file = try ModelFile(path: "\(directory.path)/\(name)")
            #expect(file.container == "GGUF 3, 3 files")
            let parts = try ModelFile.kinds(of: file.description).map { try file.pack($0).reference.digest }
            #expect(parts == whole)
        }
    }

    @Test func `a split GGUF with a file missing, renamed or of another model is refused`() async throws {
        let directory = try await written(smallModel(), SyntheticFormat(.tq2), parts: 3)
        let names = directory.names
        try directory.move(names[1], to: "elsewhere.gguf")
        #expect(throws: FileError.self) { try ModelFile(path: "\(directory.path)/\(names[0])") }
        let error = #expect(throws: ModelFileError.self) {
            try ModelFile(path: "\(directory.path)/elsewhere.gguf")
        }
        #expect(error?.code == .splitFile)
        try directory.move("elsewhere.gguf", to: names[1])
        try directory.move(names[2], to: "third")
        try directory.move(names[1], to: names[2])
        try directory.move("third", to: names[1])
        let swapped = #expect(throws: ModelFileError.self) {
            try ModelFile(path: "\(directory.path)/\(names[0])")
        }
        #expect(swapped?.code == .splitFile)
        #expect(swapped?.subject == "split.no")
    }

    @Test(arguments: [
        ("x-00001-of-00003.gguf", 1, 3), ("a-b-99999-of-99999.gguf", 99_999, 99_999),
    ])
    func `a name tells which of how many files it is`(path: String, number: Int, count: Int) {
        let name = SplitFileName(path: path)
        #expect(name?.number == number && name?.count == count)
        #expect(name?.path(of: number) == path)
    }

    @Test(arguments: [
        "x-00001-of-00000.gguf", "x-00000-of-00000.gguf", "x-00000-of-00002.gguf", "x-00003-of-00002.gguf",
        "00001-of-00002.gguf", "x-1-of-2.gguf", "x-00001-of-00002.bin", "x-0000a-of-00002.gguf", "",
    ])
    func `a name that cannot be is none`(path: String) {
        #expect(SplitFileName(path: path) == nil)
    }

    @Test func `tensors that claim more weights than can be counted are counted as far as that goes`() throws
    {
        var builder = TinyModel.builder()
        for name in ["a", "b", "c", "d"] {
            builder.tensors.append(.init(name, [1 << 31, 1 << 31], 99, [0]))
        }
        let model = try openModel(builder.bytes)
        #expect(model.typeCounts.first { $0.name == "type 99" }?.weightCount == .max)
        #expect(model.parameterCount == .max)
        #expect(model.typeCounts.first { $0.name == "F32" }?.tensorCount == 9)
    }

    @Test func `full-precision matrices are quantised when asked for, and only then`() async throws {
        var builder = TinyModel.builder()
        builder.change("blk.0.attn_q.weight") { tensor in
            tensor.data = (0..<144).flatMap { littleEndian((Float16($0 % 7) - 3).bitPattern) }
        }
        let bytes = builder.bytes
        let refused = try openModel(bytes)
        let error = #expect(throws: ModelFileError.self) { try refused.pack(.layer(0)) }
        #expect(error?.code == .notTernary)
        #expect(error?.remedy.contains("--quantize-masters") == true)
        var options = ModelOptions()
        options.quantisesMasters = true
        try ModelFile(openGGUF(bytes), options: options).pack(.layer(0)).withView { view in
            let query = try #require(view.tensors[.query])
            // 144 values −3…3 in turn: their mean magnitude, and what rounds to a trit.
            let values = (0..<144).map { Float($0 % 7) - 3 }
            let mean = values.reduce(0) { $0 + abs($1) } / 144
            #expect(abs(query.scale - mean) < 1e-6)
            let expected = values.map { value -> Int8 in
                let rounded = (value / mean).rounded(.toNearestOrEven)
                return rounded > 0.5 ? 1 : rounded < -0.5 ? -1 : 0
            }
            var trits: [Int8] = []
            for row in 0..<12 { trits += try #require(T5.trits(query.row(row), columns: 12)) }
            #expect(trits == expected)
        }
    }
}
