// SPDX-License-Identifier: MIT
import Foundation

/// A `bitnet-coord` that runs.
struct CoordinatorRun {
    let process: ChildProcess

    /// Starts `bitnet-coord` with `input` as its standard input, each line of which is a prompt unless `arguments`
    /// have another.
    init(_ arguments: [String], input: String? = "", environment: [String: String] = [:]) throws {
        let givesPrompt = arguments.contains { ["--prompt", "-p", "--messages", "--prompts"].contains($0) }
        let arguments = arguments + (givesPrompt ? [] : ["--prompts", "-"])
        process = try ChildProcess("bitnet-coord", arguments, environment: environment, input: input)
    }

    /// Waits until more than the prompt stands on standard output: tokens have passed every stage.
    func untilGenerating(prompt: String) async throws {
        try await process.until("generated text") { process.output.utf8.count > prompt.utf8.count + 8 }
    }

    /// Waits for the end and takes what it left.
    func finish(within limit: Duration = .seconds(90)) async throws -> FinishedRun {
        guard case .exited(let status) = try await process.untilEnd(within: limit) else {
            throw TestError("bitnet-coord was killed\n\(process.diagnostics)")
        }
        return FinishedRun(status: status, output: process.output, diagnostics: process.diagnostics)
    }

    /// Runs `bitnet-coord` from beginning to end.
    static func finished(
        _ arguments: [String], input: String = "", environment: [String: String] = [:]
    ) async throws -> FinishedRun {
        try await CoordinatorRun(arguments, input: input, environment: environment).finish()
    }
}

/// What a `bitnet-coord` left behind.
struct FinishedRun: CustomStringConvertible {
    let status: Int32
    let output: String
    let diagnostics: String

    var description: String { "status \(status)\n--- stdout\n\(output)\n--- stderr\n\(diagnostics)" }

    /// The lines of `--json`.
    func answers() throws -> [Answer] {
        guard status == 0 else { throw TestError("bitnet-coord failed: \(self)") }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try output.split(separator: "\n").map { try decoder.decode(Answer.self, from: Data($0.utf8)) }
    }

    /// N of “shipped N bytes in all”.
    var shippedByteCount: UInt64? {
        let line = lines.first { $0.hasPrefix("shipped ") && $0.hasSuffix(" bytes in all") }
        return line?.split(separator: " ").dropFirst().first.flatMap { UInt64($0) }
    }

    /// The layers before which the plan cuts the model, written as `--cuts` wants them.
    var cuts: String {
        let firsts = lines.filter { $0.hasPrefix("  stage ") && $0.contains(" packed") }.compactMap { line in
            line.firstMatch(of: /layers (\d+)-\d+/).map { String($0.1) }
        }
        return firsts.dropFirst().joined(separator: ",")
    }

    /// The closing table: a row for each stage.
    var stageRows: [Substring] { lines.filter { $0.hasPrefix("  stage ") && $0.contains(" busy ") } }

    /// The line that tells what went wrong.
    var errorLine: String { lines.first { $0.lowercased().hasPrefix("error: ") }.map(String.init) ?? "" }

    private var lines: [Substring] { diagnostics.split(separator: "\n") }
}

/// One line of `--json`, without what differs from run to run: two answers are equal if every bit is.
struct Answer: Decodable, Equatable {
    struct Token: Decodable, Equatable {
        let id: UInt32
        let logprob: Float?
    }

    let prompt: String
    let text: String
    let tokens: [Token]
    let finishReason: String
}
