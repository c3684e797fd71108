// SPDX-License-Identifier: MIT
import Foundation
import Testing

extension EndToEnd {
    /// Conversations, with the embedded model in a format whose markers it has.
    @Suite struct Chat {
        private static let model = ["--local", "--model", Programs.model]
        private static let json = model + ["--json", "-n", "8", "--ignore-eos"]

        private struct Message: Encodable {
            let role: String
            let content: String
        }

        private func answers(
            _ messages: [Message], _ directory: TemporaryDirectory
        ) async throws -> [Answer] {
            let json = String(decoding: try JSONEncoder().encode(messages), as: UTF8.self)
            let path = try directory.write(json, to: "messages.json")
            return try await CoordinatorRun.finished(Self.json + ["--messages", path]).answers()
        }

        @Test func `a prompt is one message, whichever way it comes`() async throws {
            let directory = try TemporaryDirectory()
            let chat = Self.json + ["--chat", "--system", "Be brief."]
            let given = try await CoordinatorRun.finished(chat + ["--prompt", "Where is the fox?"]).answers()
            #expect(given.map(\.prompt) == ["Where is the fox?"])
            #expect(given.first?.tokens.count == 8)
            let read = try await CoordinatorRun.finished(
                chat + ["--prompt", "-"], input: "Where is the fox?\n"
            ).answers()
            #expect(read == given)
            let messages = [
                Message(role: "system", content: "Be brief."),
                Message(role: "user", content: "Where is the fox?"),
            ]
            #expect(try await answers(messages, directory) == given)
            let piped = try await CoordinatorRun.finished(
                Self.json + ["--messages", "-"],
                input: String(decoding: try JSONEncoder().encode(messages), as: UTF8.self)
            ).answers()
            #expect(piped == given)
            // The format reaches the model: a plain prompt is another.
            let plain = try await CoordinatorRun.finished(
                Self.model + ["--json", "-n", "8", "--ignore-eos", "--prompt", "Where is the fox?"]
            ).answers()
            #expect(plain.first?.tokens != given.first?.tokens)
        }

        @Test func `lines are one conversation, whose answers the model sees again`() async throws {
            let directory = try TemporaryDirectory()
            let lines = try await CoordinatorRun.finished(
                Self.json + ["--chat"], input: "Where is the fox?\nAnd the owl?\n"
            ).answers()
            #expect(lines.map(\.prompt) == ["Where is the fox?", "And the owl?"])
            let first = try #require(lines.first)
            let history = [
                Message(role: "user", content: "Where is the fox?"),
                Message(role: "assistant", content: first.text),
                Message(role: "user", content: "And the owl?"),
            ]
            #expect(try await answers(history, directory) == [try #require(lines.last)])
        }

        @Test func `only the answer goes to standard output`() async throws {
            let run = try await CoordinatorRun.finished(
                Self.model + [
                    "--chat", "-n", "4", "--prompt", "Where is the fox?",
                ])
            #expect(run.status == 0, "\(run)")
            #expect(!run.output.contains("Where is the fox?") && !run.output.contains("<|"), "\(run)")
        }

        @Test func `a format that the model does not know is refused, with what can be done`() async throws {
            let run = try await CoordinatorRun.finished(
                Self.model + ["--chat", "--chat-template", "llama3", "--prompt", "Hi"])
            #expect(run.status == 2)
            #expect(run.errorLine.contains("<|start_header_id|>"), "\(run)")
            #expect(run.errorLine.contains("choose another with --chat-template"), "\(run)")
            #expect(run.output.isEmpty)
        }

        @Test func `a template of one's own file writes the conversation`() async throws {
            let directory = try TemporaryDirectory()
            let path = try directory.write("{{ bos_token }}{{ messages[0].content }}", to: "t.jinja")
            let plain = try await CoordinatorRun.finished(Self.json + ["--prompt", "One day"]).answers()
            let arguments = Self.json + ["--chat", "--prompt", "One day"]
            let file = ["--chat-template-file", path]
            #expect(try await CoordinatorRun.finished(arguments + file).answers() == plain)
            let refusing = try directory.write("{{ raise_exception('Not to me.') }}", to: "no.jinja")
            let refused = try await CoordinatorRun.finished(arguments + ["--chat-template-file", refusing])
            #expect(refused.status == 2)
            #expect(refused.errorLine.hasSuffix("the chat template refuses this: Not to me."), "\(refused)")
        }

        @Test(arguments: [("a\n{{ b | frob }}", "line 2, column 8"), ("{% for %}", "line 1, column")])
        func `a template that cannot be read is an error with its line`(
            source: String, place: String
        ) async throws {
            let directory = try TemporaryDirectory()
            let path = try directory.write(source, to: "t.jinja")
            let run = try await CoordinatorRun.finished(
                Self.json + ["--chat", "--prompt", "Hi", "--chat-template-file", path])
            #expect(run.status == 2)
            #expect(run.errorLine.contains(path) && run.errorLine.contains(place), "\(run)")
            let absent = try await CoordinatorRun.finished(
                Self.json + ["--chat", "--prompt", "Hi", "--chat-template-file", path + ".absent"])
            #expect(absent.status == 2 && absent.errorLine.contains("absent"), "\(absent)")
        }

        @Test func `a bad file of messages is an error with the byte`() async throws {
            let directory = try TemporaryDirectory()
            let path = try directory.write(#"[{"role": "usr", "content": "Hi"}]"#, to: "messages.json")
            let run = try await CoordinatorRun.finished(Self.json + ["--messages", path])
            #expect(run.status == 2)
            #expect(run.errorLine.contains(path) && run.errorLine.contains("byte 10"), "\(run)")
            let missing = try await CoordinatorRun.finished(Self.json + ["--messages", path + ".absent"])
            #expect(missing.status == 2 && missing.errorLine.contains("absent"), "\(missing)")
        }

        @Test func `the formats are listed without a model`() async throws {
            let run = try await CoordinatorRun.finished(["--chat-template", "list"])
            #expect(run.status == 0)
            #expect(run.output == "bitnet\nllama3\nfalcon3\nchatml\n")
        }

        @Test(arguments: [
            ["--system", "x"], ["--chat-template", "falcon3"], ["--chat", "--chat-template", "vicuna"],
            ["--chat-template-file", "t"],
            ["--chat", "--chat-template", "bitnet", "--chat-template-file", "t"],
            ["--messages", "m", "--system", "x"], ["--messages", "m", "--prompt", "x"],
        ])
        func `options that do not fit together end with 64`(arguments: [String]) async throws {
            let run = try await CoordinatorRun.finished(Self.model + arguments)
            #expect(run.status == 64, "\(run)")
        }
    }
}
