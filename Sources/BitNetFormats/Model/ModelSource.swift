// SPDX-License-Identifier: MIT

import BitNetCore

/// What a container says of its model, the same for every container.
struct ModelSource: Sendable {
    /// The path that was asked for.
    let path: String
    /// The container, for people.
    let container: String
    /// Architecture as the container names it.
    let architecture: String
    var description: ModelDescription
    let naming: TensorNaming
    /// In the container's order.
    let tensors: [SourceTensor]
    /// Whether the weights alone were trained to be few-valued, so that activations are rounded in groups and the
    /// embedding may be ternary too; a model whose scales differ is taken for one as well.
    let isWeightOnly: Bool
    /// Whether matrices of full precision are to be quantised.
    let quantisesMasters: Bool
    /// How a scale that is a tensor of its own acts on the trits.
    let scaleDirection: ScaleDirection
    /// The template of the model, if it has one.
    let chatTemplate: EmbeddedChatTemplate?
    let isSynthetic: Bool
    let tokenizer: TokenizerSource
    /// The bytes that decide what the parts will be, but for the tensors' contents.
    let files: [SourceFile]
    /// How the files recommend to choose tokens.
    var sampling = SamplingDefaults()
    /// The template for conversations with tools, if there is one apart.
    var toolTemplate: EmbeddedChatTemplate?
    var warnings: [String] = []

    private let index: [String: Int]

    init(
        path: String, container: String, architecture: String, description: ModelDescription,
        naming: TensorNaming, tensors: [SourceTensor], isWeightOnly: Bool, quantisesMasters: Bool,
        scaleDirection: ScaleDirection, chatTemplate: EmbeddedChatTemplate?, isSynthetic: Bool,
        tokenizer: TokenizerSource, files: [SourceFile]
    ) {
        self.path = path
        self.container = container
        self.architecture = architecture
        self.description = description
        self.naming = naming
        self.tensors = tensors
        self.isWeightOnly = isWeightOnly
        self.quantisesMasters = quantisesMasters
        self.scaleDirection = scaleDirection
        // One that says nothing is none.
        self.chatTemplate = chatTemplate.flatMap { $0.text.allSatisfy(\.isWhitespace) ? nil : $0 }
        self.isSynthetic = isSynthetic
        self.tokenizer = tokenizer
        self.files = files
        index = Dictionary(tensors.enumerated().map { ($1.name, $0) }) { first, _ in first }
    }

    /// - Throws: ``FileError`` naming a file that is not what it was when it was opened.
    func checkUnchanged(isHeaderRead: Bool) throws(FileError) {
        for file in files { try file.checkUnchanged(isHeaderRead: isHeaderRead) }
    }

    func tensor(named name: String) -> SourceTensor? { index[name].map { tensors[$0] } }

    func tensor(_ role: TensorRole, layer: Int?) -> SourceTensor? {
        naming.names(of: role, layer: layer).lazy.compactMap { tensor(named: $0) }.first
    }

    func scaleTensor(_ role: TensorRole, layer: Int) -> SourceTensor? {
        naming.scaleName(of: role, layer: layer).flatMap { tensor(named: $0) }
    }
}

/// What a matrix's own scale tensor does.
enum ScaleDirection: Sendable {
    case multiplies
    case divides
}

/// Where a model's tokenizer is described.
package enum TokenizerSource: Sendable {
    case gguf(GGUFFile)
    case huggingFace(HuggingFaceDirectory)
}
