// SPDX-License-Identifier: MIT
import BitNetCore
import Testing

private struct Said: RemediableError {
    let message: String
}

private enum PlainFault: Error {
    case fileNotFoundHere
    case withFigures(count: Int, lastError: String)
}

private struct EmptyTrouble: Error {}

/// As SwiftNIO's own.
private struct SystemTrouble: Error, CustomStringConvertible {
    let description: String
}

@Suite struct ErrorWordsTests {
    @Test func `an error of this project says what it has to say`() {
        #expect(
            (Said(message: "worker b is lost (GitHub)") as any Error).words == "worker b is lost (GitHub)")
    }

    @Test func `others are said without the names of types`() {
        #expect((CancellationError() as any Error).words == "it was called off before it was done")
        #expect((PlainFault.fileNotFoundHere as any Error).words == "file not found here")
        let figures = PlainFault.withFigures(count: 3, lastError: "a\nb") as any Error
        #expect(figures.words == #"with figures(count: 3, last error: "a\nb")"#)
        #expect((EmptyTrouble() as any Error).words == "empty trouble")
        for text in [
            "read(descriptor:pointer:size:): Connection reset by peer) (errno: 104)",
            "connection reset (error set): Connection reset by peer (errno: 104)",
        ] {
            let words = (SystemTrouble(description: text) as any Error).words
            #expect(words.hasSuffix("Connection reset by peer") && !words.contains("read("), "\(words)")
        }
        for error in [PlainFault.fileNotFoundHere, figures, EmptyTrouble(), CancellationError()]
            as [any Error]
        {
            #expect(error.words.firstMatch(of: /[a-z][A-Z]|\(\)/) == nil, "\(error.words)")
        }
        let mistake = DecodingError.dataCorrupted(.init(codingPath: [], debugDescription: "Not a number."))
        #expect((mistake as any Error).words.firstMatch(of: /[a-z][A-Z]/) == nil)
        #expect((mistake as any Error).words.contains("Not a number."))
    }
}
