// SPDX-License-Identifier: MIT

import BitNetCore
import BitNetFormats
import BitNetSynthesis
import ModelTestSupport
import TestSupport
import Testing

/// A Hugging Face directory whose files a test changes.
private struct DirectoryFixture {
    let directory: TemporaryFolder

    init(_ kind: SyntheticFormat.Kind = .packed, family: String = "bitnet-b1.58") async throws {
        directory = try await written(try smallModel(family: family), SyntheticFormat(kind))
    }

    func edit(_ name: String, _ old: String, _ new: String) throws {
        let text = String(decoding: try directory.bytes(of: name), as: UTF8.self)
        try #require(text.contains(old), "\(name) has no \(old)")
        try directory.remove(name)
        try directory.write(text.replacing(old, with: new), to: name)
    }

    func open() throws -> ModelFile { try ModelFile(path: directory.path) }
}

@Suite struct DirectoryTests {
    @Test func `the scale multiplies or divides as the class of the matrices says`() async throws {
        let fixture = try await DirectoryFixture()
        let scale = try fixture.open().pack(.layer(0)).withView { try #require($0.tensors[.query]).scale }
        try fixture.edit("config.json", "autobitlinear", "bitlinear")
        let reciprocal = try fixture.open().pack(.layer(0)).withView {
            try #require($0.tensors[.query]).scale
        }
        #expect(scale > 0 && scale != 1)
        #expect(reciprocal == 1 / scale)
    }

    @Test(
        arguments: [
            ("BitNetForCausalLM", "OtherForCausalLM", .unsupportedArchitecture),
            ("\"bitnet\"", "\"gptq\"", .unsupportedQuantisation),
            ("autobitlinear", "otherlinear", .unsupportedQuantisation),
            ("offline", "sometimes", .unsupportedQuantisation),
            ("\"hidden_size\"", "\"hidden_sighs\"", .missingKey),
            ("\"relu2\"", "\"gelu\"", .invalidModel),
            ("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3", .missingTensor),
            ("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 1", .unexpectedTensor),
            ("\"intermediate_size\": 256", "\"intermediate_size\": 260", .wrongShape),
            ("\"hidden_size\": 256", "\"hidden_size\": 1e99", .malformedJSON),
        ] as [(String, String, ModelFileError.Code)])
    func `a configuration that does not fit is refused by name`(
        old: String, new: String, code: ModelFileError.Code
    ) async throws {
        let fixture = try await DirectoryFixture()
        // Spaces behind colons are the writer's choice.
        let text = String(decoding: try fixture.directory.bytes(of: "config.json"), as: UTF8.self)
        let isTight = !text.contains("\": ")
        let tight = { (text: String) in isTight ? text.replacing(": ", with: ":") : text }
        try fixture.edit("config.json", tight(old), tight(new))
        let error = #expect(throws: ModelFileError.self) { try fixture.open() }
        #expect(error?.code == code)
        #expect(error?.file.hasPrefix(fixture.directory.path) == true)
    }

    @Test func `a directory without its files says what to give`() async throws {
        let empty = try TemporaryFolder()
        let error = #expect(throws: ModelFileError.self) { try ModelFile(path: empty.path) }
        #expect(error?.code == .missingFile)
        #expect(error?.remedy.contains("config.json") == true)
        let fixture = try await DirectoryFixture()
        try fixture.directory.remove("model.safetensors")
        #expect(throws: ModelFileError.self) { try fixture.open() }
    }

    @Test(arguments: ["../model.safetensors", "/etc/passwd", "a/b.safetensors", ".safetensors", "x.gguf"])
    func `an index cannot name a file elsewhere`(name: String) async throws {
        let fixture = try await DirectoryFixture()
        try fixture.directory.move("model.safetensors", to: "other.safetensors")
        try fixture.directory.write(
            "{\"weight_map\":{\"model.norm.weight\":\"\(name)\"}}", to: "model.safetensors.index.json")
        let error = #expect(throws: ModelFileError.self) { try fixture.open() }
        #expect(error?.code == .malformedJSON)
    }

    @Test func `an index that promises a tensor which is not there is refused`() async throws {
        let fixture = try await DirectoryFixture()
        try fixture.directory.move("model.safetensors", to: "other.safetensors")
        try fixture.directory.write(
            "{\"weight_map\":{\"model.extra.weight\":\"other.safetensors\"}}",
            to: "model.safetensors.index.json")
        let error = #expect(throws: ModelFileError.self) { try fixture.open() }
        #expect(error?.code == .missingTensor)
        #expect(error?.subject == "model.extra.weight")
    }

    @Test(arguments: [
        ("/data/falcon3", "falcon3"), ("falcon3/", "falcon3"), ("falcon3/.", "falcon3"),
        ("/c/hub/models--tiiuae--Falcon3-1B/snapshots/0a1b2c", "tiiuae/Falcon3-1B"),
        ("/c/hub/models--tiiuae--Falcon3-1B/snapshots/0a1b2c/", "tiiuae/Falcon3-1B"),
        ("/c/models--gpt2/snapshots/0a1b2c", "gpt2"), ("/c/models--a--b--c/blobs/0a1b2c", "a/b/c"),
        ("/c/models--a--b/0a1b2c", "0a1b2c"), ("snapshots/0a1b2c", "0a1b2c"), ("/", "model"), ("", "model"),
    ])
    func `a model is called by its place, and never by a hash of a cache`(path: String, name: String) {
        #expect(HuggingFaceDirectory.modelName(path: path) == name)
    }

    @Test func `a directory that is given as a dot is called by its name`() throws {
        let folder = try TemporaryFolder()
        let name = folder.path.split(separator: "/").last.map(String.init)
        #expect(HuggingFaceDirectory.modelName(path: folder.path + "/.") == name)
        #expect(HuggingFaceDirectory.modelName(path: folder.path + "/x/..") != "..")
    }
}
