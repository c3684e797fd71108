// SPDX-License-Identifier: MIT

import BitNetCore
import BitNetFormats
import BitNetTokenizer
import ModelTestSupport
import TestSupport
import Testing

/// The tokenizer of the embedded model.
@Suite struct EmbeddedTokenizerTests {
    @Test func `tokens are those of Hugging Face`() throws {
        let golden = try GoldenTokens.read("tokenizer.json")
        let model = try ModelFile(path: Repository.path(of: "cluster/model/stories.gguf"))
        let tokenizer = try model.tokenizer()
        #expect(tokenizer.count == model.description.vocabularySize)
        #expect(tokenizer.addsBeginning)
        #expect(tokenizer.stopTokens.count == 2)
        #expect(golden.plain.count > 200 && golden.withSpecials.count > 10)
        for item in golden.plain {
            let tokens = tokenizer.encode(item.text, addsBeginning: false)
            #expect(tokens == item.ids, "\(item.text.debugDescription)")
            #expect(Array(tokenizer.decode(tokens).utf8) == Array(item.text.utf8))
        }
        for item in golden.withSpecials {
            let tokens = tokenizer.encode(item.text, addsBeginning: false, parsesSpecial: true)
            #expect(tokens == item.ids, "\(item.text.debugDescription)")
        }
    }
}
