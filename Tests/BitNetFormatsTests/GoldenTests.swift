// SPDX-License-Identifier: MIT

import BitNetCore
import BitNetFormats
import ModelTestSupport
import TestSupport
import Testing

/// The embedded model.
@Suite struct GoldenTests {
    static func stories() throws -> ModelFile {
        try ModelFile(path: Repository.path(of: "cluster/model/stories.gguf"))
    }

    @Test func `the embedded model opens`() throws {
        let model = try Self.stories()
        let description = model.description
        #expect(description.name == "stories")
        #expect(description.layerCount == 9 && description.hiddenSize == 256)
        #expect(description.feedForwardSize == 768 && description.contextLength == 1024)
        #expect(
            description.headCount == 8 && description.keyValueHeadCount == 2 && description.headSize == 32)
        #expect(description.activation == .squaredReLU && description.rotaryPairing == .halves)
        #expect(description.hasSubNorms && description.hasTiedHead)
        #expect(model.warnings == [])
        #expect(model.chatTemplate?.text.contains("eot_id") == true)
    }

    @Test(arguments: [
        "cluster/model/stories.gguf", "Tests/Golden/awkward-90.gguf", "Tests/Golden/awkward-336.gguf",
    ])
    func `every part packs to the announced length and to a valid file`(path: String) throws {
        let model = try ModelFile(path: Repository.path(of: path))
        for kind in ModelFile.kinds(of: model.description) {
            let part = try model.pack(kind)
            #expect(part.reference.byteCount == model.byteCount(of: kind))
            try part.withView { view in
                try view.check(kind, of: model.description)
                for tensor in view.tensors.values where tensor.encoding == .t5 {
                    #expect(tensor.scale > 0)
                    let last = tensor.row(tensor.rows - 1)
                    #expect(T5.firstInvalidByte(in: last, columns: tensor.columns) == nil)
                }
            }
        }
    }

    /// Reads the file by the element formula of TQ1_0 instead of by runs of bytes.
    @Test(arguments: [0, 8])
    func `packed trits are the file's trits`(layer: Int) throws {
        let model = try Self.stories()
        try model.pack(.layer(layer)).withView { view in
            for (role, name) in [(TensorRole.query, "attn_q"), (.key, "attn_k"), (.down, "ffn_down")] {
                let tensor = try #require(view.tensors[role])
                let source = try #require(model.tensor(named: "blk.\(layer).\(name).weight"))
                withExtendedLifetime(source) { Self.compare(tensor, source, source.bytes) }
            }
        }
    }

    private static func compare(_ tensor: TensorView, _ source: SourceTensor, _ data: UnsafeRawBufferPointer)
    {
        let blocks = source.columns / 256
        for row in 0..<source.rows {
            let start = row * blocks * 54
            let expected = (0..<source.columns).map { column in
                let first = start + column / 256 * 54
                return trit(UnsafeRawBufferPointer(rebasing: data[first..<first + 54]), column % 256)
            }
            let isEqual = T5.trits(tensor.row(row), columns: tensor.columns) == expected
            #expect(isEqual, "\(source.name) row \(row)")
        }
        let scale = UInt16(littleEndian: data.loadUnaligned(fromByteOffset: 52, as: UInt16.self))
        #expect(tensor.scale == Float(Float16(bitPattern: scale)))
    }

    private static func trit(_ block: UnsafeRawBufferPointer, _ element: Int) -> Int8 {
        let (byte, digit) =
            switch element {
            case ..<160: (element % 32, element / 32)
            case ..<240: (32 + (element - 160) % 16, (element - 160) / 16)
            default: (48 + (element - 240) % 4, (element - 240) / 4)
            }
        let power = [1, 3, 9, 27, 81][digit]
        let fraction = (Int(block[byte]) * power) & 0xFF
        return Int8((fraction * 3) >> 8) - 1
    }
}
