// SPDX-License-Identifier: MIT

package import BitNetCore
package import BitNetFormats

/// What a synthetic model is written as.
package struct SyntheticFormat: Sendable {
    package enum Kind: String, CaseIterable, Sendable {
        /// GGUF files, by what their ternary matrices are.
        case tq1 = "tq1_0"
        case tq2 = "tq2_0"
        case i2s = "i2_s"
        case q2 = "q2_0"
        case pq2 = "pq2_0"
        case ptq1 = "ptq1_0"
        /// Its weights are −1 and +1: zeros become either.
        case q1 = "q1_0"
        case float16 = "f16"
        case bfloat16 = "bf16"
        case float32 = "f32"
        /// Hugging Face directories: codes of two bits, weights to be quantised by the reader, or trits times the scales
        /// of their groups.
        case packed
        case masters
        case unpacked

        package var isDirectory: Bool { self == .packed || self == .masters || self == .unpacked }
    }

    package var kind: Kind
    package var i2sLayout: I2SLayout
    /// Of embedding and head, unless they are ternary; in a directory, of every plain float.
    package var floats: TensorEncoding

    /// - Parameter floats: by default those of the matrices, else f16 in GGUF files and bf16 in directories.
    package init(_ kind: Kind, i2sLayout: I2SLayout = .a, floats: TensorEncoding? = nil) {
        self.kind = kind
        self.i2sLayout = i2sLayout
        self.floats =
            switch kind {
            case .tq1, .tq2, .i2s, .q2, .pq2, .ptq1, .q1, .float16: floats ?? .float16
            case .bfloat16, .packed, .masters, .unpacked: floats ?? .bfloat16
            case .float32: floats ?? .float32
            }
    }

    /// How the trits are stored; `nil` for masters, which are none.
    var storage: TernaryStorage? {
        switch kind {
        case .tq1: .blocks(.tq1)
        case .tq2: .blocks(.tq2)
        case .i2s: .i2s(i2sLayout)
        case .q2: .blocks(.q2Group64)
        case .pq2: .blocks(.q2Group128)
        case .ptq1: .blocks(.ptq1)
        case .q1: .blocks(.q1)
        case .float16: .dense(.float16)
        case .bfloat16: .dense(.bfloat16)
        case .float32: .dense(.float32)
        case .packed: .packedRows
        case .masters: nil
        case .unpacked: .dense(floats)
        }
    }

    /// Columns below which a row of masters may not balance.
    private static let masterColumnsMin = 64

    /// Why a matrix cannot be written so, or `nil`.
    func misfit(_ tensor: SyntheticTensor) -> String? {
        guard tensor.isTernary else { return nil }
        if kind == .unpacked, tensor.scaleGroup == nil { return "a scale for each group of weights" }
        if let storage {
            return storage.misfit(
                rows: tensor.rows, columns: tensor.columns, scaleGroup: tensor.scaleGroup)
        }
        if tensor.scaleGroup != nil { return "one scale for a matrix" }
        return tensor.columns < Self.masterColumnsMin
            ? "at least \(Self.masterColumnsMin) weights in a row" : nil
    }
}

extension SyntheticModel {
    /// The model's files, checked but not written.
    ///
    /// - Parameters:
    ///   - path: a file's, or a directory's where the format is one.
    ///   - parts: into how many files the weights are divided at most.
    package func output(
        _ format: SyntheticFormat, path: String, parts: Int = 1
    ) throws(ModelWriteError) -> ModelOutput {
        for tensor in tensors {
            guard let wanted = format.misfit(tensor) else { continue }
            throw ModelWriteError(
                "\(format.kind.rawValue) wants \(wanted); \(Self.ggufName(tensor)) is "
                    + "[\(tensor.rows), \(tensor.columns)]; choose another shape or type")
        }
        return format.kind.isDirectory
            ? directory(format, path: path, parts: parts)
            : ModelOutput(files: ggufFiles(format, path: path, parts: parts))
    }
}
