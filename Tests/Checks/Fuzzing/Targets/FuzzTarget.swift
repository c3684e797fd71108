// SPDX-License-Identifier: MIT
import BitNetCore

/// A reader of foreign bytes, and what must hold whatever the bytes are.
///
/// The fuzzer and the replaying tests go through these same entries.
package enum FuzzTarget: String, CaseIterable, Sendable {
    /// A model file: container, description, tokenizer, packing.
    case gguf
    /// A Hugging Face directory: configuration, safetensors header, packing.
    case huggingFace = "hugging-face"
    /// A tokenizer as Hugging Face's library writes it.
    case tokenizer = "tokenizer.json"
    /// A conversation as JSON, and its formats.
    case chat
    /// A chat template, and what it is told.
    case template
    /// What a model answers: thoughts, words and calls of tools.
    case answer
    /// A cluster file.
    case workers = "workers.yaml"
    /// The body of a request to the public API.
    case request
    /// What a member sends: frames and the messages in them.
    case frames
    /// What is said before and while a peer proves itself.
    case handshake

    /// What became of an input.
    package enum Outcome: Equatable, Sendable {
        case accepted
        /// With the documented error's message.
        case refused(String)
    }

    /// - Throws: ``FuzzFinding`` if something does not hold; a trap or a hang shows by itself.
    package func run(_ bytes: [UInt8]) throws(FuzzFinding) -> Outcome {
        let outcome: Outcome =
            switch self {
            case .gguf: try GGUFTarget.run(bytes)
            case .huggingFace: try HuggingFaceTarget.run(bytes)
            case .tokenizer: try TokenizerTarget.run(bytes)
            case .chat: try ChatTarget.run(bytes)
            case .template: try TemplateTarget.run(bytes)
            case .answer: try AnswerTarget.run(bytes)
            case .workers: try ClusterFileTarget.run(bytes)
            case .request: try RequestTarget.run(bytes)
            case .frames: try FrameTarget.run(bytes)
            case .handshake: try HandshakeTarget.run(bytes)
            }
        if case .refused(let message) = outcome { try FuzzFinding.check(message: message) }
        return outcome
    }

    /// Bytes that may be held at any moment for an input of `inputByteCount` bytes.
    ///
    /// A reader that believes a count in the file before it has seen what is counted breaks this at once.
    package func allocationMax(inputByteCount: Int) -> Int {
        (1 << 20) + allocationBase + allocationFactor * inputByteCount
    }

    /// Memory for a frame is taken whole as soon as its header has been checked.
    ///
    /// A buffer's is a power of two, and the largest payload is one without its header: it takes twice as much. Pages
    /// that are not written to cost nothing.
    private var allocationBase: Int {
        switch self {
        case .frames, .handshake: 2 * Limits.activationBytesMax
        // What the target lets a template hold, and its text twice.
        case .template: 16 << 20
        default: 0
        }
    }

    private var allocationFactor: Int {
        switch self {
        // A merge of three letters takes 13 bytes of a file and a hundred in the table that finds it.
        case .gguf: 64
        // An object of a header takes six bytes at least.
        case .huggingFace: 64
        // A token of one letter takes six bytes of a file.
        case .tokenizer: 128
        // A byte may be a token, which is written once for every format.
        case .chat: 64
        // A sign of a template is a word and then an expression, a value of a list a whole value.
        case .template: 512
        // A value of a call's arguments takes two bytes, and stands in lists that have room for twice as many.
        case .answer: 256
        // A YAML node takes two bytes of a file and some hundreds in memory.
        case .workers: 1024
        // A value of two bytes has an entry in the scanner's map, and there are five readers, one after another.
        case .request: 256
        // A frame of 24 bytes is held twice, with what it says; an empty message of two bytes is a structure.
        case .frames, .handshake: 256
        }
    }
}

/// Something that a reader did and must not do.
package struct FuzzFinding: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }

    /// An error is one line that a terminal and a log can show.
    static func check(message: String) throws(FuzzFinding) {
        guard !message.isEmpty else { throw FuzzFinding("an error without a message") }
        guard message.utf8.count <= Limits.messageBytesMax else {
            throw FuzzFinding("a message of \(message.utf8.count) bytes")
        }
        for scalar in message.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator:
                throw FuzzFinding("U+\(String(scalar.value, radix: 16)) in the message: \(message)")
            default: continue
            }
        }
    }
}
