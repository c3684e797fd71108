// SPDX-License-Identifier: MIT

import BitNetCore
import BitNetFormats
import TestSupport
import Testing

/// A fault put into a good file and what it must be called.
struct Fault: Sendable, CustomTestStringConvertible {
    let name: String
    let code: ModelFileError.Code
    let apply: @Sendable (inout GGUFBuilder) -> Void

    init(
        _ name: String, _ code: ModelFileError.Code, _ apply: @escaping @Sendable (inout GGUFBuilder) -> Void
    ) {
        self.name = name
        self.code = code
        self.apply = apply
    }

    var testDescription: String { name }
}

@Suite struct GGUFHostileTests {
    static let faults: [Fault] = [
        Fault("other magic", .notGGUF) { $0.magic = Array("GGML".utf8) },
        Fault("version 0", .unsupportedVersion) { $0.version = 0 },
        Fault("version 1", .unsupportedVersion) { $0.version = 1 },
        Fault("version 4", .unsupportedVersion) { $0.version = 4 },
        Fault("big-endian", .bigEndian) { $0.version = 0x0300_0000 },
        Fault("more tensors than fit", .limitExceeded) { $0.tensorCount = 100_000 },
        Fault("a negative tensor count", .limitExceeded) { $0.tensorCount = UInt64.max },
        Fault("more keys than fit", .limitExceeded) { $0.keyCount = 100_000 },
        Fault("an empty key", .malformedKey) { $0.keys[0].name = [] },
        Fault("a key that is not UTF-8", .malformedKey) { $0.keys[0].name = [0xFF] },
        Fault("a key too long", .limitExceeded) {
            $0.keys[0].name = [UInt8](repeating: 97, count: Limits.ggufKeyBytesMax + 1)
        },
        Fault("a key twice", .duplicateKey) { $0.keys.append($0.keys[0]) },
        Fault("value type 13", .malformedValue) { $0.keys[0].type = 13 },
        Fault("an array of arrays", .malformedValue) {
            $0.set("x", 9, littleEndian(UInt32(9)) + littleEndian(UInt64(0)))
        },
        Fault("an array of type 13", .malformedValue) {
            $0.set("x", 9, littleEndian(UInt32(13)) + littleEndian(UInt64(0)))
        },
        Fault("an array longer than the file", .truncated) {
            $0.set("x", 9, littleEndian(UInt32(10)) + littleEndian(UInt64(1) << 40))
        },
        Fault("an array whose size overflows", .truncated) {
            $0.set("x", 9, littleEndian(UInt32(10)) + littleEndian(UInt64(1) << 61))
        },
        Fault("a string longer than the file", .truncated) {
            $0.set("x", 8, littleEndian(UInt64(Limits.ggufStringBytesMax)))
        },
        Fault("a string longer than the limit", .limitExceeded) {
            $0.set("x", 8, littleEndian(UInt64(Limits.ggufStringBytesMax + 1)))
        },
        Fault("alignment 0", .badAlignment) { $0.set("general.alignment", integer: 0) },
        Fault("alignment 48", .badAlignment) { $0.set("general.alignment", integer: 48) },
        Fault("alignment beyond the limit", .badAlignment) {
            $0.set("general.alignment", integer: UInt32(Limits.ggufAlignmentMax * 2))
        },
        Fault("alignment as text", .badAlignment) { $0.set("general.alignment", text: "32") },
        Fault("an empty tensor name", .malformedTensor) { $0.tensors[0].name = [] },
        Fault("a tensor name that is not UTF-8", .malformedTensor) { $0.tensors[0].name = [0xC0] },
        Fault("a tensor name too long", .limitExceeded) {
            $0.tensors[0].name = [UInt8](repeating: 97, count: Limits.tensorNameBytesMax + 1)
        },
        Fault("a tensor twice", .duplicateTensor) { $0.tensors[1].name = $0.tensors[0].name },
        Fault("no dimensions", .malformedTensor) { $0.tensors[0].dimensions = [] },
        Fault("five dimensions", .malformedTensor) { $0.tensors[0].dimensions = [1, 1, 1, 1, 1] },
        Fault("a dimension of 0", .malformedTensor) { $0.tensors[0].dimensions = [12, 0] },
        Fault("a negative dimension", .malformedTensor) { $0.tensors[0].dimensions = [UInt64.max] },
        Fault("an element count that overflows", .malformedTensor) {
            $0.tensors[0].dimensions = [1 << 32, 1 << 32]
        },
        Fault("a row of half a block", .malformedTensor) {
            $0.tensors[0].type = 35
            $0.tensors[0].dimensions = [128, 2]
        },
        Fault("a byte count that overflows", .tensorOutsideFile) {
            $0.tensors[0].type = 28
            $0.tensors[0].dimensions = [1 << 61]
        },
        Fault("a misaligned offset", .misalignedTensor) { $0.tensors[0].offset = 16 },
        Fault("an offset outside the file", .tensorOutsideFile) { $0.tensors[0].offset = 1 << 32 },
        Fault("an offset that overflows", .tensorOutsideFile) { $0.tensors[0].offset = UInt64.max - 31 },
        Fault("data beyond the end", .tensorOutsideFile) { $0.tensors[0].dimensions = [12, 22_000] },
        Fault("a tail outside the file", .tensorOutsideFile) {
            // An I2_S tensor's scale lies behind its codes.
            $0.tensors.append(.init("last", [64], 36, [UInt8](repeating: 0, count: 16)))
        },
        Fault("a tensor of unknown size that starts outside the file", .tensorOutsideFile) {
            $0.tensors.append(.init("last", [64], 99, []))
        },
        Fault("overlapping tensors", .overlappingTensors) { $0.tensors[1].offset = 32 },
        Fault("the same data twice", .overlappingTensors) { $0.tensors[1].offset = 0 },
        Fault("data inside a tensor of unknown size", .overlappingTensors) {
            $0.tensors[0].type = 99
            $0.tensors[1].offset = 0
        },
    ]

    @Test(arguments: faults)
    func `each fault is refused by name`(fault: Fault) throws {
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
