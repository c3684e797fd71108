// SPDX-License-Identifier: MIT
import BitNetCore
import ModelHub
import Testing

/// Which of a repository's files are the model.
@Suite struct ModelChoiceTests {
    private func choose(_ names: [String], _ choice: String = "") throws -> ModelFiles {
        let files = try names.map { HubFile(try #require(HubPath($0)), byteCount: 1000) }
        return try ModelChoice(readable: ["TQ2_0", "I2_S", "PQ2_0"])
            .choose(HubReference(parsing: "o/n\(choice)"), from: files)
    }

    private func refusal(_ names: [String], _ choice: String = "") -> String {
        do {
            return "chose \(try choose(names, choice).path)"
        } catch {
            return error.words
        }
    }

    private static let directory = [
        "config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "README.md",
        "modeling.py",
        "onnx/model.onnx", "original/model.safetensors",
    ]

    @Test func `the only ternary GGUF is the model, whatever others there are`() throws {
        #expect(try choose(["m-F16.gguf", "m-TQ2_0.gguf", "m-Q4_K_M.gguf"]).path == "m-TQ2_0.gguf")
        #expect(try choose(["ggml-model-i2_s.gguf", "README.md"]).path == "ggml-model-i2_s.gguf")
        #expect(try choose(["odd.gguf"]).path == "odd.gguf")
        #expect(try choose(["m-TQ2_0.gguf", "mmproj-TQ2_0.gguf", "m.imatrix.gguf"]).path == "m-TQ2_0.gguf")
        #expect(try choose(["m-TQ2_0.gguf"] + Self.directory).path == "m-TQ2_0.gguf")
    }

    @Test func `a file, its name or its quantisation chooses`() throws {
        let names = ["a/m-TQ2_0.gguf", "a/m-PQ2_0.gguf", "m-F16.gguf"]
        #expect(try choose(names, ":a/m-PQ2_0.gguf").path == "a/m-PQ2_0.gguf")
        #expect(try choose(names, ":m-PQ2_0.gguf").path == "a/m-PQ2_0.gguf")
        #expect(try choose(names, ":pq2_0").path == "a/m-PQ2_0.gguf")
        #expect(try choose(names, ":F16").path == "m-F16.gguf")
    }

    @Test func `several candidates are listed with what asks for them`() {
        let several = refusal(["m-TQ2_0.gguf", "m-PQ2_0.gguf"] + Self.directory)
        #expect(several.contains(":m-PQ2_0.gguf (") && several.contains(":m-TQ2_0.gguf ("))
        #expect(several.contains(":safetensors"))
        #expect(refusal(["a-Q8_0.gguf", "b-Q8_0.gguf"]).contains(":a-Q8_0.gguf"))
        #expect(refusal(["a/m-TQ2_0.gguf", "b/m-TQ2_0.gguf"], ":TQ2_0").contains("may be several models"))
        #expect(refusal(["m-TQ2_0.gguf"], ":Q8_0").contains("has no model “Q8_0”; it has :m-TQ2_0.gguf"))
        let many = (0..<100).map { "m\($0)-TQ2_0.gguf" }
        #expect(refusal(many).contains("and \(100 - Limits.hubCandidatesNamedMax) more"))
    }

    @Test func `safetensors are a directory with what belongs to it`() throws {
        let model = try choose(Self.directory)
        #expect(model.container == .directory && model.path.isEmpty)
        #expect(
            model.files.map(\.path.text) == [
                "config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json",
            ])
        let split = try choose([
            "config.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors",
            "model.safetensors.index.json",
        ])
        #expect(split.files.count == 4)
        #expect(try choose(["x-TQ2_0.gguf"] + Self.directory, ":safetensors").container == .directory)
        #expect(refusal(["config.json", "tokenizer.json"]).contains("no model that can be run here"))
        #expect(refusal([]).contains("no model that can be run here"))
    }

    @Test func `a split GGUF is one model, and one that lacks a part is none`() throws {
        let parts = (1...3).map { "m-TQ2_0-0000\($0)-of-00003.gguf" }
        #expect(try choose(parts.reversed()).files.map(\.path.text) == parts)
        #expect(try choose(parts, ":\(parts[1])").path == parts[0])
        #expect(try choose(parts, ":TQ2_0").files.count == 3)
        #expect(refusal([parts[0], parts[2]]).contains("2 of the 3 files"))
        #expect(refusal(["m-00001-of-99999.gguf"]).contains("1 of the 99999 files"))
    }
}
