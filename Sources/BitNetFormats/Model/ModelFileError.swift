// SPDX-License-Identifier: MIT

package import BitNetCore

/// A model file that cannot be used: which file, which key or tensor, at which byte, and what to do.
package struct ModelFileError: RemediableError, Equatable {
    package enum Code: String, CaseIterable, Sendable {
        // The container.
        case notGGUF, notSafeTensors, otherKind, unsupportedVersion, bigEndian, truncated, limitExceeded,
            splitFile
        case malformedKey, duplicateKey, malformedValue, badAlignment
        case malformedTensor, duplicateTensor, misalignedTensor, tensorOutsideFile, overlappingTensors
        case malformedJSON
        // The model.
        case missingKey, missingFile, unsupportedArchitecture, unsupportedQuantisation, unsupportedRope,
            invalidModel
        case missingTensor, wrongShape, unexpectedTensor, unsupportedTensorType
        // The values.
        case notTernary, scalesDiffer, badScale, badCode, notFinite
        // The tokenizer.
        case unsupportedTokenizer, malformedTokenizer, unsupportedChatTemplate, missingChatTemplate
    }

    package let code: Code
    package let file: String
    /// The metadata key or the tensor, if the fault lies in one.
    package let subject: String?
    /// Bytes from the start of the file, if the fault lies at one place.
    package let offset: Int?
    package let found: String
    package let expected: String
    package let remedy: String

    package init(
        _ code: Code, file: String, subject: String? = nil, offset: Int? = nil, found: String,
        expected: String, remedy: String = ModelFileError.damaged
    ) {
        self.code = code
        self.file = file
        self.subject = subject
        self.offset = offset
        self.found = found
        self.expected = expected
        self.remedy = remedy
    }

    /// The remedy when a well-made file would not look like this.
    package static let damaged = "the file is damaged or not finished; download or convert it again"

    package var message: String {
        var place = file
        if let subject { place += ": " + Self.printable(subject) }
        if let offset { place += " (byte \(offset))" }
        return "\(place): found \(found), expected \(expected); \(remedy)"
    }

    /// A name from a file as part of a message: of Latin letters, 96 are shown.
    package static func printable(_ text: String) -> String { PrintableText.line(text, bytesMax: 99) }
}

/// JSON in the files of a model.
package typealias ModelJSONReader = JSONReader<ModelFileError>

extension ModelFileError: JSONReadingError {
    package init(_ fault: JSONError) {
        self.init(
            .malformedJSON, file: fault.file, offset: fault.offset, found: fault.found,
            expected: fault.expected)
    }
}
