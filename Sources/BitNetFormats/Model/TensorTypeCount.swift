// SPDX-License-Identifier: MIT

import BitNetCore

/// What a model's files hold of one type.
///
/// Weights are at most what 64 bits count: a tensor of unknown type may claim any shape.
package struct TensorTypeCount: Equatable, Sendable {
    package let name: String
    package private(set) var tensorCount = 0
    package private(set) var byteCount: UInt64 = 0
    package private(set) var weightCount: UInt64 = 0

    package var bitsPerWeight: Double { Double(byteCount) * 8 / Double(max(weightCount, 1)) }

    private mutating func add(_ tensor: SourceTensor) {
        tensorCount += 1
        byteCount = byteCount.addingSaturating(UInt64(clamping: tensor.byteCount))
        weightCount = weightCount.addingSaturating(UInt64(clamping: tensor.weightCount))
    }

    /// Types by their bytes, the largest first.
    static func all(of tensors: [SourceTensor]) -> [TensorTypeCount] {
        var types: [String: TensorTypeCount] = [:]
        for tensor in tensors {
            types[tensor.typeName, default: TensorTypeCount(name: tensor.typeName)].add(tensor)
        }
        return types.values.sorted { ($1.byteCount, $0.name) < ($0.byteCount, $1.name) }
    }
}

extension ModelFile {
    package var typeCounts: [TensorTypeCount] { TensorTypeCount.all(of: tensors) }

    /// Weights of all tensors, at most what 64 bits count.
    package var parameterCount: UInt64 {
        typeCounts.reduce(0) { $0.addingSaturating($1.weightCount) }
    }
}
