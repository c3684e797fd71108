// SPDX-License-Identifier: MIT
import ArgumentParser
import BitNetCore
import BitNetFormats
import BitNetTokenizer
import CommandLine

/// What a model's tokenizer makes of texts.
struct TokenizeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokenize",
        abstract: "Shows the tokens of each line of standard input.",
        discussion: """
            The weights are not read: beside a model, a GGUF with a vocabulary alone and a tokenizer.json by \
            itself will do.

            EXAMPLES
              echo "Once upon a time" | bitnet-ctl tokenize --model stories.gguf
              echo '"two\\nlines"' | bitnet-ctl tokenize --model tokenizer.json --json
            """)

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("GGUF file, Hugging Face directory or tokenizer.json.", valueName: "path"))
    var model: String

    @Flag(help: "Read names of control tokens, such as <|eot_id|>, as these tokens.")
    var special = false

    @Flag(help: "Leave out the token that the model wants before a text.")
    var noBeginning = false

    @Option(
        help: ArgumentHelp(
            "Rules that cut text before tokens are formed, by their GGUF name.", valueName: "name"))
    var preTokenizer: String?

    @Flag(help: "Each line of input is a JSON string, each line of output a JSON array of ids.")
    var json = false

    func run() async throws {
        try await Program.run {
            var options = ModelOptions()
            options.preTokenizer = preTokenizer
            let tokenizer = try Tokenizer.open(path: model, options: options)
            let console = Console()
            let input = StandardInput()
            while let line = await input.nextLine() {
                guard line.utf8.count <= Limits.promptBytesMax else {
                    throw TokenizeError(message: "a line is longer than \(Limits.promptBytesMax) bytes")
                }
                let tokens = tokenizer.encode(
                    json ? try Self.text(line) : line,
                    addsBeginning: tokenizer.addsBeginning && !noBeginning, parsesSpecial: special)
                console.write(json ? Self.list(tokens) : Self.show(tokens, tokenizer))
            }
        }
    }

    private static func text(_ line: String) throws -> String {
        var line = line
        return try line.withUTF8 { bytes in
            var json = JSONReader<JSONError>(UnsafeRawBufferPointer(bytes), file: "standard input")
            let text = try json.readText()
            try json.finish()
            return text
        }
    }

    private static func list(_ tokens: [UInt32]) -> String {
        "[\(tokens.map(String.init).joined(separator: ","))]\n"
    }

    /// For people: each id with its text, quoted.
    private static func show(_ tokens: [UInt32], _ tokenizer: Tokenizer) -> String {
        let items = tokens.map { "\($0) \(JSONValue.text(tokenizer.text(of: $0)).encoded)" }
        return "\(tokens.count) tokens: \(items.joined(separator: ", "))\n"
    }
}

struct TokenizeError: RemediableError {
    let message: String
}
