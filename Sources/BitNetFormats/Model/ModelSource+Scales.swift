// SPDX-License-Identifier: MIT

import BitNetCore

extension ModelSource {
    /// The description with the encoding that all ternary matrices of the layers take, and the rule for activations that
    /// goes with it: the finest granularity that any of them has.
    ///
    /// Where types do not tell, the whole first layer is looked at and some rows of every other matrix; a matrix that
    /// turns out to be otherwise is refused when it is packed.
    ///
    /// - Throws: ``ModelFileError`` if no granularity divides all matrices.
    func describedScales() throws(ModelFileError) -> ModelDescription {
        var description = description
        let (granularity, areHalves) = matrixScales
        if granularity == .matrix, !isWeightOnly { return description }
        let sizes = [description.hiddenSize, description.feedForwardSize, description.querySize]
        var found: ScaleGranularity? = granularity
        for size in sizes { found = found.flatMap { $0.dividing(size) } }
        guard let found else {
            throw unfit(
                description, found: "scales by groups of \(granularity.group ?? 0) weights",
                expected: "groups of 64 or more that divide them")
        }
        description.matrixEncoding = found.encoding(isHalf: areHalves)
        let groups = [found.group].compactMap(\.self) + (found.group == nil ? [128, 64] : [])
        guard let group = groups.first(where: { group in sizes.allSatisfy { $0.isMultiple(of: group) } })
        else {
            throw unfit(
                description, found: "a model whose activations are quantised in groups",
                expected: "multiples of 64")
        }
        description.activationGroup = group
        return description
    }

    private func unfit(
        _ model: ModelDescription, found: String, expected: String
    ) -> ModelFileError {
        ModelFileError(
            .invalidModel, file: path,
            found:
                "\(found), hidden size \(model.hiddenSize), feed-forward size \(model.feedForwardSize) and "
                + "\(model.querySize) values of all heads",
            expected: expected, remedy: "a model of this shape cannot be computed; use another")
    }

    /// Of all ternary matrices of the layers together.
    private var matrixScales: (granularity: ScaleGranularity, areHalves: Bool) {
        var scales: (granularity: ScaleGranularity, areHalves: Bool) = (.matrix, true)
        for layer in 0..<description.layerCount {
            for shape in TensorShape.all(of: .layer(layer), in: description) where shape.form.isTernary {
                guard let tensor = tensor(shape.role, layer: layer),
                    tensor.content != .ternary(.packedRows), tensor.columns == shape.columns,
                    tensor.rows == shape.rows
                else {
                    // What is wrong with it is told when it is planned for.
                    scales.areHalves = false
                    continue
                }
                // Masters become trits of one scale, whatever they are.
                let found =
                    quantisesMasters && tensor.content.isTable
                    ? nil : SourceScales(tensor, columns: shape.columns, isWhole: layer == 0)
                scales.granularity = max(scales.granularity, found?.granularity ?? .matrix)
                scales.areHalves =
                    scales.areHalves && found?.areHalves ?? false
                    && scaleTensor(shape.role, layer: layer) == nil
            }
        }
        return scales
    }

    /// How the embedding or the head is written: as it is stored, or as trits if it is made of them.
    ///
    /// Plain numbers are looked at only where the whole model may be ternary.
    func tableEncoding(_ tensor: SourceTensor, columns: Int) -> TensorEncoding {
        if case .table(let encoding) = tensor.content, !isWeightOnly || encoding.plainFormat == nil {
            return encoding
        }
        guard let scales = SourceScales(tensor, columns: columns, rows: SourceScales.tableRowsSeen),
            let granularity = scales.granularity.dividing(columns)
        else {
            if case .table(let encoding) = tensor.content { return encoding }
            return .float32
        }
        return granularity.encoding(isHalf: scales.areHalves)
    }
}
