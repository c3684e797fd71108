// SPDX-License-Identifier: MIT

import BitNetCore
import BitNetFormats
import BitNetTokenizer
import ModelTestSupport
import TestSupport
import Testing

@Suite struct GGUFHostileTests {
    static let faults: [GGUFFault] = [
        GGUFFault("other magic", .notGGUF) { $0.magic = Array("GGML".utf8) },
        GGUFFault("version 0", .unsupportedVersion) { $0.version = 0 },
        GGUFFault("version 1", .unsupportedVersion) { $0.version = 1 },
        GGUFFault("version 4", .unsupportedVersion) { $0.version = 4 },
        GGUFFault("big-endian", .bigEndian) { $0.version = 0x0300_0000 },
        GGUFFault("more tensors than fit", .limitExceeded) { $0.tensorCount = 100_000 },
        GGUFFault("a negative tensor count", .limitExceeded) { $0.tensorCount = UInt64.max },
        GGUFFault("more keys than fit", .limitExceeded) { $0.keyCount = 100_000 },
        GGUFFault("an empty key", .malformedKey) { $0.keys[0].name = [] },
        GGUFFault("a key that is not UTF-8", .malformedKey) { $0.keys[0].name = [0xFF] },
        GGUFFault("a key too long", .limitExceeded) {
            $0.keys[0].name = [UInt8](repeating: 97, count: Limits.ggufKeyBytesMax + 1)
        },
        GGUFFault("a key twice", .duplicateKey) { $0.keys.append($0.keys[0]) },
        GGUFFault("value type 13", .malformedValue) { $0.keys[0].type = 13 },
        GGUFFault("an array of arrays", .malformedValue) {
            $0.set("x", 9, littleEndian(UInt32(9)) + littleEndian(UInt64(0)))
        },
        GGUFFault("an array of type 13", .malformedValue) {
            $0.set("x", 9, littleEndian(UInt32(13)) + littleEndian(UInt64(0)))
        },
        GGUFFault("an array longer than the file", .truncated) {
            $0.set("x", 9, littleEndian(UInt32(10)) + littleEndian(UInt64(1) << 40))
        },
        GGUFFault("an array whose size overflows", .truncated) {
            $0.set("x", 9, littleEndian(UInt32(10)) + littleEndian(UInt64(1) << 61))
        },
        GGUFFault("a string longer than the file", .truncated) {
            $0.set("x", 8, littleEndian(UInt64(Limits.ggufStringBytesMax)))
        },
        GGUFFault("a string longer than the limit", .limitExceeded) {
            $0.set("x", 8, littleEndian(UInt64(Limits.ggufStringBytesMax + 1)))
        },
        GGUFFault("alignment 0", .badAlignment) { $0.set("general.alignment", integer: 0) },
        GGUFFault("alignment 48", .badAlignment) { $0.set("general.alignment", integer: 48) },
        GGUFFault("alignment beyond the limit", .badAlignment) {
            $0.set("general.alignment", integer: UInt32(Limits.ggufAlignmentMax * 2))
        },
        GGUFFault("alignment as text", .badAlignment) { $0.set("general.alignment", text: "32") },
        GGUFFault("an empty tensor name", .malformedTensor) { $0.tensors[0].name = [] },
        GGUFFault("a tensor name that is not UTF-8", .malformedTensor) { $0.tensors[0].name = [0xC0] },
        GGUFFault("a tensor name too long", .limitExceeded) {
            $0.tensors[0].name = [UInt8](repeating: 97, count: Limits.tensorNameBytesMax + 1)
        },
        GGUFFault("a tensor twice", .duplicateTensor) { $0.tensors[1].name = $0.tensors[0].name },
        GGUFFault("no dimensions", .malformedTensor) { $0.tensors[0].dimensions = [] },
        GGUFFault("five dimensions", .malformedTensor) { $0.tensors[0].dimensions = [1, 1, 1, 1, 1] },
        GGUFFault("a dimension of 0", .malformedTensor) { $0.tensors[0].dimensions = [12, 0] },
        GGUFFault("a negative dimension", .malformedTensor) { $0.tensors[0].dimensions = [UInt64.max] },
        GGUFFault("an element count that overflows", .malformedTensor) {
            $0.tensors[0].dimensions = [1 << 32, 1 << 32]
        },
        GGUFFault("a row of half a block", .malformedTensor) {
            $0.tensors[0].type = 35
            $0.tensors[0].dimensions = [128, 2]
        },
        GGUFFault("a byte count that overflows", .tensorOutsideFile) {
            $0.tensors[0].type = 28
            $0.tensors[0].dimensions = [1 << 61]
        },
        GGUFFault("a misaligned offset", .misalignedTensor) { $0.tensors[0].offset = 16 },
        GGUFFault("an offset outside the file", .tensorOutsideFile) { $0.tensors[0].offset = 1 << 32 },
        GGUFFault("an offset that overflows", .tensorOutsideFile) { $0.tensors[0].offset = UInt64.max - 31 },
        GGUFFault("data beyond the end", .tensorOutsideFile) { $0.tensors[0].dimensions = [12, 22_000] },
        GGUFFault("a tail outside the file", .truncated) {
            // An I2_S tensor's scale lies behind its codes.
            $0.tensors.append(.init("last", [64], 36, [UInt8](repeating: 0, count: 16)))
        },
        GGUFFault("a tensor of unknown size that starts outside the file", .tensorOutsideFile) {
            $0.tensors.append(.init("last", [64], 99, []))
        },
        GGUFFault("overlapping tensors", .overlappingTensors) { $0.tensors[1].offset = 32 },
        GGUFFault("the same data twice", .overlappingTensors) { $0.tensors[1].offset = 0 },
        GGUFFault("data inside a tensor of unknown size", .overlappingTensors) {
            $0.tensors[0].type = 99
            $0.tensors[1].offset = 0
        },
    ]

    @Test(arguments: faults)
    func `each fault is refused by name`(fault: GGUFFault) throws {
        var builder = TinyModel.builder()
        _ = try openGGUF(builder.bytes)
        fault.apply(&builder)
        let bytes = builder.bytes
        let error = #expect(throws: ModelFileError.self) { try openGGUF(bytes) }
        #expect(error?.code == fault.code)
        #expect(error?.message.contains("test.gguf") == true)
    }

    @Test func `limits hold at the limit`() throws {
        var builder = TinyModel.builder()
        builder.keys[1].name = [UInt8](repeating: 97, count: Limits.ggufKeyBytesMax)
        builder.tensors[1].name = [UInt8](repeating: 97, count: Limits.tensorNameBytesMax)
        builder.alignment = Limits.ggufAlignmentMax
        builder.set("general.alignment", integer: UInt32(Limits.ggufAlignmentMax))
        #expect(try openGGUF(builder.bytes).tensors.count == builder.tensors.count)
    }

    @Test func `a file cut anywhere before the end of its data is refused`() throws {
        let whole = TinyModel.builder()
        let bytes = whole.bytes
        let end = whole.unpadded.count
        for length in 0..<end {
            #expect(throws: ModelFileError.self) { try openGGUF(Array(bytes[..<length])) }
        }
        for length in end...bytes.count { _ = try openGGUF(Array(bytes[..<length])) }
    }

    @Test func `ten thousand mutations never trap and fail with the documented error only`() throws {
        let builder = TinyModel.builder()
        let good = builder.bytes
        let header = 0..<builder.header.count
        var mutator = Mutator(seed: 42)
        var codes: Set<ModelFileError.Code> = []
        var accepted = 0
        for round in 0..<10_000 {
            var bytes = good
            mutator.change(&bytes, in: round.isMultiple(of: 8) ? 0..<bytes.count : header)
            do {
                let model = try openModel(bytes)
                for kind in ModelFile.kinds(of: model.description) { _ = try model.pack(kind) }
                _ = try model.tokenizer().encode("abba", addsBeginning: true)
                accepted += 1
            } catch let error as ModelFileError {
                codes.insert(error.code)
            }
        }
        // Enough got through, and enough was found, for the test to mean something.
        #expect(accepted > 100)
        #expect(codes.count > 15)
    }
}
