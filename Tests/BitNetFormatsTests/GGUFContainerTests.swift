// SPDX-License-Identifier: MIT

import BitNetCore
import BitNetFormats
import Glibc
import ModelTestSupport
import TestSupport
import Testing

@Suite struct GGUFContainerTests {
    @Test(arguments: [UInt32(2), 3])
    func `versions 2 and 3 are read`(version: UInt32) throws {
        var builder = TinyModel.builder()
        builder.version = version
        let file = try openGGUF(builder.bytes)
        #expect(file.version == version)
        #expect(file.tensors.count == builder.tensors.count)
        #expect(try file.text("general.name") == "tiny")
        #expect(try file.integer("bitnet-b1.58.block_count") == 2)
        #expect(try file.float("bitnet-b1.58.rope.freq_base") == 500_000)
        #expect(try file.strings("tokenizer.ggml.tokens")?.count == 22)
        #expect(try file.integers("tokenizer.ggml.token_type")?.last == 3)
        #expect(try file.text("absent") == nil)
    }

    @Test func `integers of every width are accepted`() throws {
        let payloads: [(UInt32, [UInt8], Int)] = [
            (0, [200], 200), (1, [0x80], -128), (2, littleEndian(UInt16(60_000)), 60_000),
            (3, littleEndian(Int16(-2)), -2), (4, littleEndian(UInt32.max), Int(UInt32.max)),
            (5, littleEndian(Int32.min), Int(Int32.min)), (10, littleEndian(UInt64(7)), 7),
            (11, littleEndian(Int64(-7)), -7),
            (9, littleEndian(UInt32(5)) + littleEndian(UInt64(2)) + [5, 0, 0, 0, 5, 0, 0, 0], 5),
        ]
        for (type, payload, expected) in payloads {
            var builder = GGUFBuilder()
            builder.set("number", type, payload)
            #expect(try openGGUF(builder.bytes).integer("number") == expected, "type \(type)")
        }
    }

    @Test func `a value of another kind is refused when it is asked for`() throws {
        var builder = GGUFBuilder()
        builder.set("text", text: "one")
        builder.set("large", 10, littleEndian(UInt64.max))
        builder.set("by layer", integers: [4, 8])
        builder.set("broken", 8, littleEndian(UInt64(1)) + [0xFF])
        let file = try openGGUF(builder.bytes)
        for key in ["text", "large", "by layer"] {
            let error = #expect(throws: ModelFileError.self) { try file.integer(key) }
            #expect(error?.code == .malformedValue)
            #expect(error?.subject == key)
        }
        #expect(throws: ModelFileError.self) { try file.text("broken") }
        #expect(throws: ModelFileError.self) { try file.text("large") }
        #expect(throws: ModelFileError.self) { try file.flag("text") }
        #expect(throws: ModelFileError.self) { try file.float("large") }
        #expect(throws: ModelFileError.self) { try file.strings("by layer") }
        #expect(throws: ModelFileError.self) { try file.integers("text") }
    }

    @Test func `alignment moves the data`() throws {
        var builder = TinyModel.builder()
        builder.alignment = 256
        builder.set("general.alignment", integer: 256)
        let file = try openGGUF(builder.bytes)
        #expect(file.tensors.allSatisfy { $0.offset.isMultiple(of: 256) })
        let tensor = try #require(file.tensor("output_norm.weight"))
        #expect([UInt8](file.data(of: tensor)) == TinyModel.gains(12))
    }

    @Test func `a file that is not there is named`() {
        let error = #expect(throws: FileError.self) { try ModelFile(path: "/nowhere/model.gguf") }
        #expect(error?.message.contains("/nowhere/model.gguf") == true)
    }

    @Test func `messages name file, subject, place and remedy, and carry no control characters`() {
        let error = ModelFileError(
            .wrongShape, file: "m.gguf", subject: "a\u{1B}[2Jb", offset: 12, found: "x", expected: "y",
            remedy: "do z")
        #expect(error.message == "m.gguf: a\u{FFFD}[2Jb (byte 12): found x, expected y; do z")
        #expect("\(error)" == error.message)
    }
}

@Suite struct OpeningTests {
    @Test func `a pipe is refused at once instead of waited for`() throws {
        let directory = try TemporaryFolder()
        let path = "\(directory.path)/pipe"
        try #require(mkfifo(path, 0o600) == 0)
        #expect(throws: FileError.self) { try ModelFile(path: path) }
    }
}
