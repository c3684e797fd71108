// SPDX-License-Identifier: MIT

import BitNetCore
import BitNetTokenizer
import ModelTestSupport
import Testing

/// Conversations as JSON.
@Suite struct ChatMessageTests {
    private func read(_ text: String) throws(JSONError) -> [ChatMessage] {
        let bytes = Array(text.utf8)
        return try bytes.withUnsafeBufferPointer { bytes throws(JSONError) in
            try ChatMessage.read(json: UnsafeRawBufferPointer(bytes), file: "m.json")
        }
    }

    @Test func `a conversation is read`() throws {
        let text = #"""
             [ {"role": "system", "content": "Be \u00e9 \ud83d\ude00"},
              {"content": "Hi\n", "role": "user"}, {"role":"assistant","content":""},{"role":"user","content":"?"}]
            """#
        #expect(
            try read(text) == [
                ChatMessage(.system, "Be é 😀"), ChatMessage(.user, "Hi\n"), ChatMessage(.assistant, ""),
                ChatMessage(.user, "?"),
            ])
    }

    @Test(arguments: [
        ("", 0, "a value"), ("{}", 0, "an array"), ("[]", 2, "to be answered"),
        ("[{}]", 3, "role and content"),
        (#"[{"role":"user"}]"#, 16, "role and content"),
        (#"[{"role":"tool","content":""}]"#, 9, "system, user, assistant"),
        (#"[{"role":"user","content":"a","name":"b"}]"#, 37, "role and content"),
        (#"[{"role":"user","role":"user","content":"a"}]"#, 23, "“role” once"),
        (#"[{"role":"user","content":["a"]}]"#, 26, "a string"),
        (#"[{"role":"user","content":null}]"#, 26, "a string"),
        (#"[{"role":"user","content":"a"}] x"#, 32, "nothing behind"),
        (#"[{"role":"user","content":"a"},]"#, 31, "a value"),
        (#"[{"role":"user","content":"\ud800"}]"#, 27, "surrogate"),
    ])
    func `a mistake is named with its byte and the way to write it`(text: String, offset: Int, words: String)
    {
        let error = #expect(throws: JSONError.self) { try read(text) }
        #expect(error?.expected.contains(words) == true, "\(error?.message ?? "")")
        #expect(error?.offset == offset, "\(error?.message ?? "")")
        #expect(error?.message.hasPrefix("m.json: messages (byte") == true)
        #expect(error?.remedy?.contains(#"{"role": "user""#) == true)
    }

    @Test func `a system message may stand anywhere, and the assistant's last`() throws {
        let text =
            #"[{"role":"user","content":"a"},{"role":"system","content":"b"},{"role":"assistant","content":"c"}]"#
        #expect(try read(text).map(\.role) == [.user, .system, .assistant])
        #expect(ChatConversation(try read(text)).ending == .continuesLast)
        #expect(ChatConversation([ChatMessage(.system, "b")]).ending == .opensAnswer)
    }

    @Test func `as many messages as allowed are read, and one more refused`() throws {
        func text(_ count: Int) -> String {
            "[" + [String](repeating: #"{"role":"user","content":""}"#, count: count).joined(separator: ",")
                + "]"
        }
        #expect(try read(text(Limits.chatMessagesMax)).count == Limits.chatMessagesMax)
        #expect(throws: JSONError.self) { try read(text(Limits.chatMessagesMax + 1)) }
    }

    @Test func `a text of the largest size is read, and one byte more refused`() throws {
        func text(_ byteCount: Int) -> String {
            let frame = #"[{"role":"user","content":""}]"#
            let words = String(repeating: "a", count: byteCount - frame.utf8.count)
            return #"[{"role":"user","content":""# + words + #""}]"#
        }
        #expect(try read(text(Limits.promptBytesMax)).count == 1)
        let error = #expect(throws: JSONError.self) { try read(text(Limits.promptBytesMax + 1)) }
        #expect(error?.expected == "at most \(Limits.promptBytesMax)")
    }
}
