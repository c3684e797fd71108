// SPDX-License-Identifier: MIT

import BitNetCore

/// What `generation_config.json` says of how a model writes.
struct GenerationConfiguration: Sendable {
    /// Tokens that end a text; often more than `config.json` names.
    private(set) var endTokens: [Int] = []
    private(set) var sampling = SamplingDefaults()
    private(set) var warnings: [String] = []

    private static let settings: [String: SamplingDefaults.Setting] = [
        "temperature": .temperature, "top_k": .topK, "top_p": .topP, "min_p": .minP,
        "repetition_penalty": .repetitionPenalty,
    ]

    init() {}

    /// - Throws: ``ModelFileError`` with the byte.
    init(_ bytes: UnsafeRawBufferPointer, file: String) throws(ModelFileError) {
        var json = ModelJSONReader(bytes, file: file)
        try json.readObject { json, key throws(ModelFileError) in
            if try json.readNull() { return }
            if key == "eos_token_id" {
                endTokens += try HuggingFaceConfiguration.tokens(&json)
            } else if let setting = Self.settings[key], try json.peek() == .number {
                sampling.set(setting, to: try json.readDouble(), named: "\(file): \(key)", &warnings)
            } else {
                try json.skip()
            }
        }
        try json.finish()
    }
}

extension SamplingDefaults {
    /// Takes a value that a file recommends; one that cannot be used is told of, and left out.
    mutating func set(
        _ setting: Setting, to value: Double, named name: String, _ warnings: inout [String]
    ) {
        guard let reason = set(setting, to: value) else { return }
        warnings.append("\(name) is \(value), which is ignored: \(reason)")
    }
}
