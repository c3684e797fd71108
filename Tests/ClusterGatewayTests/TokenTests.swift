// SPDX-License-Identifier: MIT
import Hummingbird
import Testing

@Suite struct TokenTests {
    @Test func `the tokens around a text are told by name`() async throws {
        let reply = try await InProcess(ScriptedGenerator()).send(.get, "/tokenizer_info")
        #expect(reply.body == #"{"bos_token":"<s>","eos_token":null}"#)
    }

    @Test(arguments: [
        ("/tokenize", #"{"content":"ab"}"#, #"{"tokens":[97,98]}"#),
        ("/tokenize", #"{"content":"a","add_special":true}"#, #"{"tokens":[256,97]}"#),
        ("/tokenize", #"{"content":"</s>"}"#, #"{"tokens":[257]}"#),
        ("/tokenize", #"{"content":"</s>","parse_special":false}"#, #"{"tokens":[60,47,115,62]}"#),
        (
            "/tokenize", #"{"content":"aé","with_pieces":true}"#,
            #"{"tokens":[{"id":97,"piece":"a"},{"id":195,"piece":[195]},{"id":169,"piece":[169]}]}"#
        ),
        ("/detokenize", #"{"tokens":[256,97,195,169]}"#, #"{"content":"aé","prompt":"aé"}"#),
        ("/tokenize", #"{"prompt":"a","add_special_tokens":true}"#, #"{"tokens":[256,97]}"#),
        ("/tokenize", #"{"prompt":"a"}"#, #"{"tokens":[256,97]}"#),
        ("/tokenize", #"{"prompt":"a","add_special_tokens":false}"#, #"{"tokens":[97]}"#),
        (
            "/tokenize", #"{"messages":[{"role":"assistant","content":"a"}]}"#,
            #"{"tokens":[256,97,115,115,105,115,116,97,110,116,58,32,97]}"#
        ),
        (
            "/apply-template", #"{"messages":[{"role":"user","content":"Hi"}]}"#,
            #"{"prompt":"user: Hi\nassistant:"}"#
        ),
        (
            "/apply-template",
            #"{"messages":[{"role":"user","content":"Hi"}],"add_generation_prompt":false}"#,
            #"{"prompt":"user: Hi\n"}"#
        ),
    ]) func `text and tokens as other servers have them`(
        _ path: String, _ body: String, _ answer: String
    )
        async throws
    {
        let reply = try await InProcess(ScriptedGenerator()).send(.post, path, body)
        #expect(reply.status == 200)
        #expect(reply.body == answer)
    }

    @Test(arguments: [
        ("/tokenize", "{}", "content"), ("/tokenize", #"{"content":3}"#, "content"),
        ("/detokenize", "{}", "tokens"), ("/detokenize", #"{"tokens":["a"]}"#, "tokens"),
        ("/detokenize", #"{"tokens":[999]}"#, "999"),
    ]) func `what is missing or unknown is named`(_ path: String, _ body: String, _ word: String) async throws
    {
        let reply = try await InProcess(ScriptedGenerator()).send(.post, path, body)
        #expect(reply.status == 400)
        #expect(reply.body.contains(word))
    }
}
