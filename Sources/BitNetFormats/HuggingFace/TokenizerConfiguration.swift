// SPDX-License-Identifier: MIT

import BitNetCore

/// What matters of a tokenizer_config.json.
package struct TokenizerConfiguration {
    package private(set) var beginningToken: [UInt8]?
    package private(set) var endToken: [UInt8]?
    package private(set) var addsBeginning: Bool?
    /// Of several the one named `default`.
    package private(set) var chatTemplate: String?

    package init() {}

    /// - Throws: ``ModelFileError`` with the byte.
    package init(_ bytes: UnsafeRawBufferPointer, file: String) throws(ModelFileError) {
        guard bytes.count <= Limits.modelConfigurationBytesMax else {
            throw ModelFileError(
                .limitExceeded, file: file, found: "\(bytes.count) bytes",
                expected: "at most \(Limits.modelConfigurationBytesMax)")
        }
        var json = ModelJSONReader(bytes, file: file)
        try json.readObject { json, key throws(ModelFileError) in
            switch key {
            case "bos_token": beginningToken = try Self.token(&json)
            case "eos_token": endToken = try Self.token(&json)
            case "add_bos_token": addsBeginning = try json.readNull() ? nil : try json.readBool()
            case "chat_template": chatTemplate = try Self.template(&json)
            default: try json.skip()
            }
        }
        try json.finish()
    }

    /// A token is its text, or an object that has the text as `content`.
    private static func token(_ json: inout ModelJSONReader) throws(ModelFileError) -> [UInt8]? {
        if try json.readNull() { return nil }
        guard try json.peek() == .object else { return try json.readStringBytes() }
        var text: [UInt8]?
        try json.readObject { json, key throws(ModelFileError) in
            if key == "content" { text = try json.readStringBytes() } else { try json.skip() }
        }
        return text
    }

    /// A template is a text, or a list of named ones, of which `default` is for talking.
    private static func template(_ json: inout ModelJSONReader) throws(ModelFileError) -> String? {
        if try json.readNull() { return nil }
        guard try json.peek() == .array else { return try json.readText() }
        var result: String?
        try json.readArray { json throws(ModelFileError) in
            var name: String?
            var template: String?
            try json.readObject { json, key throws(ModelFileError) in
                switch key {
                case "name": name = try json.readText()
                case "template": template = try json.readText()
                default: try json.skip()
                }
            }
            if name == "default" { result = template }
        }
        return result
    }
}
