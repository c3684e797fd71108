// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterGateway
import Foundation
import TestSupport
import Testing

/// OpenAI's own client as an agent, against a model that is a script: `Tests/Checks/Clients/agent.py`.
@Suite struct AgentConversationTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    private static let python = root.appending(path: ".build/clients/bin/python")
    static let isHere = FileManager.default.isExecutableFile(atPath: python.path)

    @Test(
        .enabled(if: isHere, "OpenAI's client is not here: Tests/Checks/Clients/run --install"),
        arguments: AnswerForm.Calls.allCases)
    func `an agent calls two tools over five turns`(_ form: AnswerForm.Calls) async throws {
        let generator = ScriptedGenerator(
            .answers { Self.answer($0, form) }, contextLength: 1 << 16, readsTools: true,
            answerForm: AnswerForm(thinks: true, calls: form), opening: "<think>\n")
        try await withGateway(generator) { port in
            let (status, text) = try await Self.run("http://127.0.0.1:\(port)/v1")
            #expect(status == 0, "\(text)")
            #expect(text.contains("as it should be"))
        }
    }

    /// The program's end and its words, waited for on a thread of its own.
    private static func run(_ url: String) async throws -> (status: Int32, text: String) {
        let process = Process()
        process.executableURL = python
        process.arguments = [root.appending(path: "Tests/Checks/Clients/agent.py").path, url]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        let reading = Task.detached {
            await withCheckedContinuation { continuation in
                Thread.detachNewThread {
                    continuation.resume(returning: output.fileHandleForReading.readDataToEndOfFile())
                }
            }
        }
        return try await withCheckedThrowingContinuation { continuation in
            process.terminationHandler = { process in
                let status = process.terminationStatus
                Task {
                    continuation.resume(
                        returning: (status, String(decoding: await reading.value, as: UTF8.self)))
                }
            }
            do { try process.run() } catch { continuation.resume(throwing: error) }
        }
    }

    // MARK: The model

    /// What the script says; that something is missing from the history shows in its words.
    private static func answer(_ conversation: ChatConversation, _ form: AnswerForm.Calls) -> String {
        let messages = conversation.messages
        let turn = 1 + messages.count { $0.role == .assistant }
        let thought = "Turn \(turn).\n</think>\n\n"
        guard !conversation.tools.isEmpty else { return thought + "I may call nothing." }
        let results = messages.reversed().prefix { $0.role == .tool }.reversed().map(\.text)
        let calls = messages.flatMap(\.toolCalls)
        let said: String
        switch (turn, results.count) {
        case (1, 0):
            said = ["Oslo", "Zürich", "null"]
                .map { call("temperature", "city", .text($0), form) }.joined(separator: "\n")
        case (2, 3):
            let numbers = results.compactMap { Double($0) }
            said = "I add them.\n" + call("add", "numbers", .list(numbers.map { .number($0) }), form)
        case (3, 1):
            let thoughts = messages.compactMap(\.reasoning).count
            said = "Together \(results[0]): \(thoughts) thoughts and \(calls.count) calls before."
        case (4, 0): said = call("temperature", "city", .text("Oslo"), form)
        case (5, 1): said = "\(results[0])."
        default: said = "The history is not what it was: \(messages)"
        }
        return thought + said
    }

    /// A call as models write it in either form.
    private static func call(
        _ name: String, _ argument: String, _ value: JSONValue, _ form: AnswerForm.Calls
    ) -> String {
        let call = ToolCall(name: name, arguments: .object([(argument, value)]))
        switch form {
        case .json:
            return
                "<tool_call>\n{\"name\": \"\(call.name)\", \"arguments\": \(call.arguments.encoded)}\n</tool_call>"
        case .elements:
            let text = if case .text(let text) = value { text } else { value.encoded }
            return
                "<tool_call>\n<function=\(name)>\n<parameter=\(argument)>\n\(text)\n</parameter>\n</function>\n</tool_call>"
        }
    }
}
