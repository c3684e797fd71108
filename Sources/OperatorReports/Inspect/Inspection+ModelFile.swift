// SPDX-License-Identifier: MIT
import BitNetCore
package import BitNetFormats
import BitNetTokenizer

extension Inspection {
    /// What stands in a model's files.
    package init(model: ModelFile, stages: [StageNeed]) {
        var warnings = model.warnings
        var tokenizer: Tokenizer?
        var choice: ChatTemplate.Choice?
        do throws(ModelFileError) {
            let found = try model.tokenizer()
            tokenizer = found
            choice = try ChatTemplate.choose(for: model, found)
            warnings += [choice?.warning].compactMap(\.self)
        } catch  where error.code == .missingChatTemplate {
            // A model that was not made for conversations is no worse for that.
        } catch  where error.code == .unsupportedChatTemplate {
            warnings.append("no conversations: \(error.message)")
        } catch {
            warnings.append("text cannot be tokenised: \(error.message)")
        }
        if model.isSynthetic {
            warnings.insert("synthetic: the weights are random, made for tests and measurements", at: 0)
        }
        let ternary = model.ternarySize
        self.init(
            path: model.path, container: model.container, architecture: model.architecture,
            isSynthetic: model.isSynthetic, description: model.description,
            parameterCount: model.parameterCount,
            ternary: TernarySize(
                weightCount: ternary.weightCount, storedByteCount: ternary.storedByteCount,
                packedByteCount: ternary.packedByteCount),
            types: model.typeCounts, tokenizer: tokenizer.map(TokenizerFacts.init),
            chatTemplate: choice.map { TemplateFacts($0.template) },
            hasEmbeddedTemplate: model.chatTemplate != nil,
            stages: stages, warnings: warnings)
    }
}

extension Inspection.TemplateFacts {
    fileprivate init(_ template: ChatTemplate) {
        self.init(
            name: template.format?.rawValue ?? "own", summary: template.summary,
            readsTools: template.traits.readsTools, thinking: template.traits.thinking.rawValue)
    }
}

extension Inspection.TokenizerFacts {
    fileprivate init(_ tokenizer: Tokenizer) {
        self.init(
            tokenCount: tokenizer.count, beginningToken: tokenizer.beginningToken,
            addsBeginning: tokenizer.addsBeginning,
            stops: tokenizer.stopTokens.sorted().map { Stop(token: $0, text: tokenizer.text(of: $0)) })
    }
}
