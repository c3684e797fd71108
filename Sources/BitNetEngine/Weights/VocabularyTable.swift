// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetFormats
import CTernary

/// An embedding or a head `[vocabulary, hidden]`.
enum VocabularyTable: Sendable {
    case floats(FloatTable)
    case ternary(TernaryMatrix)

    /// - Parameter group: in which the model's activations are quantised.
    /// - Throws: ``EngineError`` naming `place`.
    init(
        _ tensor: TensorView, group: Int, kernels: Kernels, pool: ComputePool, place: String
    ) throws(EngineError) {
        guard group > 0 || !tensor.encoding.isTernary else {
            throw EngineError(
                .invalidPart,
                "\(place) is ternary, which only models with activations in groups can have here; convert the model "
                    + "with an embedding and a head in F16 or Q6_K")
        }
        self =
            tensor.encoding.isTernary
            ? .ternary(try TernaryMatrix(tensor, group: group, kernels: kernels, pool: pool, place: place))
            : .floats(try FloatTable(copying: tensor, place: place, pool: pool))
    }

    var byteCount: Int {
        switch self {
        case .floats(let table): table.byteCount
        case .ternary(let matrix): matrix.byteCount
        }
    }

    func isSame(as other: VocabularyTable) -> Bool {
        switch (self, other) {
        case (.floats(let one), .floats(let other)): one.memory === other.memory
        case (.ternary(let one), .ternary(let other)): one === other
        default: false
        }
    }
}
