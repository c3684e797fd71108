// SPDX-License-Identifier: MIT
import BitNetCore

/// Why a stage refused an item or could not finish a step.
///
/// After any of these the stage is as usable as before: a refused item has changed nothing, and a step
/// that failed half-way has left its slots at the position where the step began.
package struct StageError: RemediableError, Equatable {
    package enum Code: Equatable, Sendable {
        case slotOutOfRange
        case slotNotOpen
        case slotAlreadyOpen
        case invalidSampling
        /// A prefix of no tokens, or of more than the slot holds.
        case prefixOutOfRange
        case emptyStep
        case tooManyEntries
        case positionOutOfRange
        /// A position beyond the tokens that the slot holds.
        case positionGap
        /// A token, or a token to score, outside the vocabulary.
        case tokenOutOfRange
        /// The hop or the output has not exactly the bytes of the step's activations.
        case hopSize
        /// An activation became NaN or infinite.
        case notFinite
        /// An earlier stage has given the sequence up.
        case givenUp
    }

    package let code: Code
    package let message: String
    /// The slots whose sequences it concerns; none if it concerns the step as a whole.
    package let slots: [UInt32]
    /// The first of them.
    package var slot: UInt32? { slots.first }

    package init(_ code: Code, _ message: String, slot: UInt32? = nil) {
        self.init(code, message, slots: slot.map { [$0] } ?? [])
    }

    init(_ code: Code, _ message: String, slots: [UInt32]) {
        self.code = code
        self.message = message
        self.slots = slots
    }

    /// What the sequences have to be told.
    var failure: SequenceFailure { code == .notFinite ? .notFinite : .refused }
}
