// SPDX-License-Identifier: MIT

/// What a tensor does in the forward pass.
///
/// Raw values are part of the part-file format.
package enum TensorRole: UInt8, CaseIterable, Sendable {
    case embedding = 0
    case outputNorm = 1
    case head = 2

    case attentionNorm = 16
    case query = 17
    case key = 18
    case value = 19
    case attentionSubNorm = 20
    case attentionOutput = 21
    case feedForwardNorm = 22
    case gate = 23
    case up = 24
    case feedForwardSubNorm = 25
    case down = 26

    /// RMSNorm of each query head, before the rotary embedding.
    case queryNorm = 27
    case keyNorm = 28
}
