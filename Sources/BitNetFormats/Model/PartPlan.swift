// SPDX-License-Identifier: MIT

import BitNetCore

/// What one part will be made from and look like.
struct PartPlan {
    let sources: [PartSource]
    /// Entries in the order of `sources`.
    let layout: PartLayout

    /// Finds and checks the tensors of one part.
    init(_ kind: PartReference.Kind, of model: ModelSource) throws(ModelFileError) {
        var layer: Int?
        if case .layer(let index) = kind { layer = index }
        var sources: [PartSource] = []
        for shape in TensorShape.all(of: kind, in: model.description) {
            sources.append(try PartSource(shape, layer: layer, model))
        }
        let tensors = sources.map {
            (role: $0.shape.role, encoding: $0.encoding, rows: $0.shape.rows, columns: $0.shape.columns)
        }
        guard let layout = PartLayout(tensors) else {
            throw ModelFileError(
                .limitExceeded, file: model.path, found: "\(kind) of this model",
                expected: "at most \(Limits.partBytesMax) bytes in one part", remedy: "use a smaller model")
        }
        self.sources = sources
        self.layout = layout
    }

    var tensorNames: [String] {
        sources.map(\.tensor.name) + sources.compactMap(\.factor?.tensor.name)
    }
}
