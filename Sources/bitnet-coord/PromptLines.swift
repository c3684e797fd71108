// SPDX-License-Identifier: MIT
import BitNetCore
import CommandLine

/// The lines that `--prompts` names.
struct PromptLines {
    private let path: String

    /// - Parameter path: `nil` or `-` for standard input.
    init(_ path: String?) {
        self.path = path ?? "-"
    }

    /// Calls `body` with each line, in order.
    func forEach(_ body: (String) async throws -> Void) async throws {
        guard path == "-" else {
            let file = try MappedFile(path: path)
            let text = try file.withWholeBytes {
                String(validating: FileText.withoutMark($0), as: UTF8.self)
            }
            guard let text else { throw AnsweringError(message: "\(path) is not UTF-8") }
            var lines = FileText.lines(text)
            if lines.last?.isEmpty == true { lines.removeLast() }
            for line in lines { try await body(String(line)) }
            return
        }
        let input = StandardInput()
        while let line = await input.nextLine() { try await body(line) }
        try Task.checkCancellation()
    }
}
