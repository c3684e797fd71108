// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterGateway
import Logging
import Testing

private let hello = #""messages":[{"role":"user","content":"Hi"}]"#

/// Answers of models that think first.
@Suite struct ThinkingTests {
    private static func gateway(
        _ texts: [String], opening: String = "<think>\n", thinks: Bool = true, finish: FinishReason = .stop
    ) -> InProcess {
        InProcess(
            ScriptedGenerator(
                .texts(texts), finish: finish, answerForm: AnswerForm(thinks: thinks), opening: opening))
    }

    /// The same answer in one piece and by stream.
    private func answer(_ gateway: InProcess, _ fields: String = "") async throws -> ChatAnswer {
        let fields = fields.isEmpty ? hello : hello + "," + fields
        let whole = try await ChatAnswer.whole(gateway, fields)
        var streamed = try await ChatAnswer.streamed(gateway, fields)
        // A stream cannot say whether its content is empty or none.
        if streamed.content == nil, whole.content == "" { streamed.content = "" }
        #expect(streamed == whole)
        return whole
    }

    private static let texts = ["Hm", ".\n", "</th", "ink>", "\n\n", "Yes", ".\n"]

    @Test func `what is thought is told apart from what is said`() async throws {
        let answer = try await answer(Self.gateway(Self.texts))
        #expect(answer.thought == "Hm.")
        #expect(answer.content == "Yes.\n")
        #expect(answer.finish == "stop")
        #expect(answer.completionTokens == 7)
        #expect(answer.reasoningTokens == 5)
    }

    @Test func `a model may open the thought itself, or not think`() async throws {
        let own = Self.gateway(["<think>", "\nHm", "\n</think>", "\n\nYes."], opening: "")
        let answer = try await answer(own)
        #expect(answer.thought == "Hm" && answer.content == "Yes." && answer.reasoningTokens == 3)
        let none = try await self.answer(Self.gateway(["Yes", "."], opening: "<think>\n\n</think>\n\n"))
        #expect(none.thought == nil && none.content == "Yes." && none.reasoningTokens == 0)
    }

    @Test func `a thought without an end is all there is`() async throws {
        let answer = try await answer(Self.gateway(["Hm", ".", " </"], finish: .length))
        #expect(answer.thought == "Hm. </")
        #expect(answer.content == "")
        #expect(answer.finish == "length")
        #expect(answer.reasoningTokens == 3)
    }

    @Test func `a request may want the answer as the model writes it`() async throws {
        let answer = try await answer(Self.gateway(Self.texts), #""reasoning_format":"none""#)
        #expect(answer.thought == nil)
        #expect(answer.content == Self.texts.joined())
        #expect(answer.reasoningTokens == nil)
        let split = try await self.answer(Self.gateway(Self.texts), #""reasoning_format":"deepseek""#)
        #expect(split.thought == "Hm.")
    }

    @Test func `an operator may want that of all answers`() async throws {
        let generator = ScriptedGenerator(
            .texts(Self.texts), answerForm: AnswerForm(thinks: true), opening: "<think>\n")
        let metrics = GatewayMetrics()
        let router = Gateway.router(
            keys: APIKeys([]), generator: generator, metrics: metrics, reasoningFormat: .none)
        let gateway = InProcess(router: router, metrics: metrics)
        #expect(try await answer(gateway).content == Self.texts.joined())
        #expect(try await answer(gateway, #""reasoning_format":"auto""#).thought == "Hm.")
    }

    @Test func `a model that does not think may write the tags`() async throws {
        let answer = try await answer(Self.gateway(["<think>", "a</think>b"], thinks: false))
        #expect(answer.thought == nil && answer.content == "<think>a</think>b")
        #expect(answer.reasoningTokens == nil)
    }

    @Test func `words of others open no thought`() async throws {
        let gateway = Self.gateway(["Yes."], opening: "")
        let answer = try await ChatAnswer.whole(
            gateway, #""messages":[{"role":"user","content":"What is <think>"}]"#)
        #expect(answer.thought == nil && answer.content == "Yes.")
    }

    @Test func `an answer that is begun inside a thought goes on inside it`() async throws {
        let gateway = Self.gateway(["m.", "</think>", "Yes."], opening: "")
        for (begun, thought) in [("<think>H", "m."), ("<think>H</think>", nil)] as [(String, String?)] {
            let answer = try await ChatAnswer.whole(
                gateway,
                #""messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"\#(begun)"}]"#)
            #expect(answer.thought == thought)
            #expect(answer.content == (thought == nil ? "m.</think>Yes." : "Yes."))
        }
    }

    @Test func `log-probabilities are those of the words`() async throws {
        let answer = try await answer(
            Self.gateway(["H", "</think>", "\n", "Y", "e", "s"]), #""logprobs":true"#)
        #expect(answer.content == "Yes")
        #expect(answer.tokens == ["Y", "e", "s"])
    }

    @Test func `each choice has its own thought`() async throws {
        let reply = try await Self.gateway(Self.texts).post(
            "/v1/chat/completions", "{\(hello),\"n\":2}")
        #expect(reply.body.matches(of: /"reasoning_content":"Hm."/).count == 2)
        #expect(reply.body.contains(#""reasoning_tokens":10"#))
    }

    @Test func `an unknown format is refused by name`() async throws {
        let reply = try await Self.gateway([]).post(
            "/v1/chat/completions", "{\(hello),\"reasoning_format\":\"deepseek-legacy\"}")
        #expect(reply.status == 400)
        #expect(reply.body.contains("“reasoning_format” must be one of none, deepseek, auto"))
    }
}
