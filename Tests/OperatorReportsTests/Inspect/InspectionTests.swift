// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetEngine
import BitNetFormats
import BitNetSynthesis
import OperatorReports
import Testing

@Suite struct InspectionTests {
    private func inspection() throws -> Inspection {
        var description = ModelShape.tiny.description
        description.name = "stories"
        let layers = try #require(LayerRange(first: 0, end: 2))
        return Inspection(
            path: "m.gguf", container: "GGUF v3", architecture: "bitnet-b1.58", isSynthetic: false,
            description: description, parameterCount: 2_500_000,
            ternary: .init(weightCount: 1000, storedByteCount: 250, packedByteCount: 200), types: [],
            tokenizer: .init(
                tokenCount: 500, beginningToken: 1, addsBeginning: true,
                stops: [.init(token: 2, text: "</s>"), .init(token: 3, text: "\n\u{1B}")]),
            chatTemplate: .init(name: "llama3", summary: "llama3; no tools"), hasEmbeddedTemplate: true,
            stages: [
                StageNeed(
                    layers: layers, wireByteCount: 1024,
                    memory: StageMemory(weights: 2048, cache: 3072, scratch: 4096))
            ], warnings: ["odd"])
    }

    @Test func `people read what the model is and what it takes`() throws {
        #expect(
            try inspection().text == """
                m.gguf
                  name             stories
                  container        GGUF v3
                  architecture     bitnet-b1.58
                  parameters       2.5 million, of which 1000 ternary
                  shape            2 layers, hidden 128, feed-forward 336, 4 heads of 32, 2 for keys and values
                  context          8192 tokens, rotary base 500000.0
                  vocabulary       500, head apart from the embedding
                  activation       SiLU
                  sub-norms        no
                  tokenizer        500 tokens, begins with 1, ends with 2 </s>, 3 \u{FFFD}\u{FFFD}
                  chat template    llama3; no tools
                  ternary weights  2.000 bits a weight in the file, 1.600 as sent and kept
                  scales           one for a matrix
                  activations      int8, one scale for a token
                  size             0 B

                tensors

                stages
                  stage 0  layers 0-1  1.0 KiB sent  2.0 KiB weights  3.0 KiB cache  4.0 KiB working memory  30.5 MiB resident in all
                  coordinator  35.3 MiB resident

                warning: odd

                """)
    }

    @Test func `programs read the same`() throws {
        #expect(
            try inspection().json.encoded
                == #"{"path":"m.gguf","name":"stories","container":"GGUF v3","architecture":"bitnet-b1.58","#
                + #""synthetic":false,"parameters":2500000,"shape":{"layers":2,"hidden":128,"feed_forward":336,"#
                + #""heads":4,"key_value_heads":2,"head_size":32,"vocabulary":500,"context":8192,"#
                + #""norm_epsilon":9.999999747378752e-06,"rope_base":500000.0,"activation":"silu","#
                + #""rotary_pairing":"halves","sub_norms":false,"tied_head":false,"head_norms":false,"#
                + #""rope_scaling":null,"activation_group":0,"embedding_scale":1.0,"residual_scale":1.0,"#
                + #""logit_scale":1.0},"bytes":0,"#
                + #""ternary":{"weights":1000,"stored_bytes":250,"packed_bytes":200,"encoding":"t5","scale_group":null},"types":[],"#
                + #""tokenizer":{"tokens":500,"beginning":1,"adds_beginning":true,"stops":[2,3]},"#
                + #""stages":[{"first_layer":0,"end_layer":2,"sent_bytes":1024,"weight_bytes":2048,"#
                + #""cache_bytes":3072,"scratch_bytes":4096,"memory_bytes":9216,"resident_bytes":32009216}],"#
                + #""coordinator_bytes":37065000,"chat_template":"llama3","reads_tools":false,"thinking":"never","warnings":["odd"]}"#
        )
    }

    @Test func `what only some families have is told of them`() throws {
        var inspection = try inspection()
        inspection.description = ModelShape.bonsaiLarge.description
        inspection.description.embeddingScale = 12
        inspection.description.logitScale = 16
        let text = inspection.text
        #expect(text.contains("65536 tokens, rotary base 1000000.0, YaRN by 4.0 from 16384\n"))
        #expect(text.contains("  head norms       yes\n"))
        #expect(text.contains("  multipliers      embedding × 12.0, logits ÷ 16.0\n"))
        #expect(text.contains("  scales           one for 128 weights, in f16\n"))
        #expect(text.contains("  activations      int8, one scale for 128 values\n"))
        let json = inspection.json.encoded
        #expect(json.contains(#""rope_scaling":{"type":"yarn","factor":4.0,"original_context":16384}"#))
        #expect(json.contains(#""encoding":"t5Group128Half","scale_group":128"#))
        inspection.description.matrixEncoding = .t5Rows
        inspection.description.rope = .linear(factor: 2)
        #expect(
            inspection.text.contains("one for a row\n") && inspection.text.contains(", stretched by 2.0\n"))
    }

    @Test func `a model without tokenizer, template and ternary weights is told of as such`() throws {
        var inspection = try inspection()
        inspection.tokenizer = nil
        inspection.chatTemplate = nil
        inspection.hasEmbeddedTemplate = false
        inspection.ternary = .init(weightCount: 0, storedByteCount: 0, packedByteCount: 0)
        inspection.parameterCount = .max
        inspection.stages = []
        inspection.warnings = []
        let text = inspection.text
        #expect(text.contains("  tokenizer        none that can be used\n  chat template    none\n"))
        #expect(text.contains("0.000 bits a weight in the file, 0.000 as sent"))
        #expect(text.contains("18446744073.710 billion, of which 0 ternary"))
        #expect(text.hasSuffix("\nstages\n  coordinator  35.3 MiB resident\n"))
        let json = inspection.json.encoded
        #expect(json.contains(#""tokenizer":null,"stages":[],"coordinator_bytes":37000000"#))
        #expect(
            json.contains(#""chat_template":null"#) && json.contains(#""parameters":9223372036854775807"#))
    }

    @Test func `a template that cannot be used is not one that is missing`() throws {
        var inspection = try inspection()
        inspection.chatTemplate = nil
        #expect(inspection.text.contains("chat template    one that cannot be used\n"))
    }

    @Test func `a file's words cannot leave their line`() throws {
        var inspection = try inspection()
        inspection.path = "a\n\u{1B}]0;b"
        inspection.architecture = "x\r\ny"
        let text = inspection.text
        #expect(text.hasPrefix("a\u{FFFD}\u{FFFD}]0;b\n  name "))
        #expect(text.contains("\n  architecture     x\u{FFFD}\u{FFFD}y\n"))
        #expect(inspection.json.encoded.contains(#""path":"a\u000a\u001b]0;b""#))
    }
}
