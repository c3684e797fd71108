// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetFormats
import BitNetTokenizer
import ModelTestSupport
import TestSupport
import Testing

/// Files that are not what their names say, each called what it is.
@Suite struct ForeignFileTests {
    private static let pointer = """
        version https://git-lfs.github.com/spec/v1
        oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393
        size 1187801280

        """

    /// What is said of a file with these bytes, wherever a model's files are opened.
    private func errors(_ bytes: [UInt8]) throws -> [ModelFileError?] {
        let folder = try TemporaryFolder()
        let family = Repository.path(of: "Tests/Golden/families/llama")
        for name in FileSystem.entries(of: family) {
            _ = try MappedFile(path: "\(family)/\(name)").withBytes { try folder.write($0, to: name) }
        }
        var errors: [ModelFileError?] = []
        func note(_ body: () throws -> Void) {
            errors.append(#expect(throws: ModelFileError.self) { try body() })
        }
        let gguf = try folder.write(bytes, to: "model.gguf")
        note { _ = try ModelFile(path: gguf) }
        note { _ = try Tokenizer.open(path: gguf) }
        for name in [
            "tokenizer_config.json", "tokenizer.json", "model-00002-of-00002.safetensors",
            "model.safetensors.index.json", "config.json",
        ] {
            try folder.write(bytes, to: name)
            note { _ = try ModelFile(path: folder.path) }
            #expect(errors.last??.message.contains(name) == true)
        }
        return errors
    }

    @Test func `a pointer of Git LFS is called that, with the size that is missing and what to do`() throws {
        for error in try errors(Array(Self.pointer.utf8)) {
            let message = try #require(error?.message)
            #expect(message.contains("a Git LFS pointer of \(Self.pointer.utf8.count) bytes"), "\(message)")
            #expect(message.contains(" of 1187801280 bytes"))
            #expect(message.contains("git lfs pull"))
        }
    }

    @Test(arguments: [
        ([0x1F, 0x8B, 8, 0], "gzip"), ([0x50, 0x4B, 3, 4], "zip"),
        (Array("<!DOCTYPE html>".utf8), "a web page"),
        ([], "an empty file"),
    ])
    func `other files are called what they are`(bytes: [UInt8], words: String) throws {
        for error in try errors(bytes) {
            #expect(error?.found.contains(words) == true, "\(error?.message ?? "")")
        }
    }

    @Test func `a download that was cut off is called that, with the bytes there are and should be`() throws {
        let builder = TinyModel.builder()
        let (whole, bytes) = (builder.unpadded.count, builder.bytes)
        for count in [whole - 1, builder.header.count + 40] {
            let error = #expect(throws: ModelFileError.self) { try openGGUF(Array(bytes[..<count])) }
            #expect(error?.code == .truncated)
            #expect(error?.found == "\(count) bytes" && error?.expected.hasPrefix("\(whole), ") == true)
            #expect(error?.message.contains("download it again") == true)
        }
        let short = builder.header.count - 10
        let inHeader = #expect(throws: ModelFileError.self) { try openGGUF(Array(bytes[..<short])) }
        #expect(inHeader?.code == .truncated && inHeader?.found.contains("which has \(short)") == true)
    }

    @Test func `so is one of safetensors`() throws {
        let header = Array(
            #"{"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8]},"b":{"dtype":"U8","shape":[8],"data_offsets":[8,16]}}"#
                .utf8)
        let bytes = littleEndian(UInt64(header.count)) + header + [UInt8](repeating: 0, count: 16)
        func open(_ count: Int) throws -> SafeTensorsFile {
            try SafeTensorsFile(source: source(Array(bytes[..<count])), path: "m.safetensors")
        }
        #expect(try open(bytes.count).tensors.count == 2)
        for count in [bytes.count - 1, 8 + header.count] {
            let error = #expect(throws: ModelFileError.self) { try open(count) }
            #expect(error?.code == .truncated)
            #expect(error?.found == "\(count) bytes" && error?.expected.hasPrefix("\(bytes.count), ") == true)
        }
        let inHeader = #expect(throws: ModelFileError.self) { try open(20) }
        #expect(inHeader?.code == .truncated)
        #expect(inHeader?.expected.contains("\(8 + header.count)") == true)
        let misplaced = #expect(throws: ModelFileError.self) { try openGGUF(bytes) }
        #expect(misplaced?.found == "a safetensors file")
    }
}
