// SPDX-License-Identifier: MIT

import BitNetCore

/// What matters of a tokenizer_config.json.
package struct TokenizerConfiguration {
    /// Texts of special tokens by their names, such as `bos_token`.
    package private(set) var namedTokens: [String: [UInt8]] = [:]
    package private(set) var addsBeginning: Bool?
    /// Of several the one named `default`.
    package private(set) var chatTemplate: String?
    /// The one named `tool_use`, for conversations with tools.
    package private(set) var toolTemplate: String?

    package var beginningToken: [UInt8]? { namedTokens["bos_token"] }
    package var endToken: [UInt8]? { namedTokens["eos_token"] }

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
            case "bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token":
                namedTokens[key] = try Self.token(&json)
            case "add_bos_token": addsBeginning = try json.readNull() ? nil : try json.readBool()
            case "chat_template": try readTemplates(&json)
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
    private mutating func readTemplates(_ json: inout ModelJSONReader) throws(ModelFileError) {
        if try json.readNull() { return }
        guard try json.peek() == .array else {
            chatTemplate = try json.readText()
            return
        }
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
            switch name {
            case "default": chatTemplate = template
            case "tool_use": toolTemplate = template
            default: break
            }
        }
    }
}
