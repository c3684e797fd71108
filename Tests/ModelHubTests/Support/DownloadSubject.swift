// SPDX-License-Identifier: MIT
import ModelHub

/// A download whose methods can stand in an expectation, which takes no value that changes.
final class DownloadSubject {
    private(set) var value: FileDownload

    init(_ value: FileDownload) {
        self.value = value
    }

    func next() -> FileDownload.Request? { value.next() }
    func beginAgain() { value.beginAgain() }
    func took(_ request: FileDownload.Request, byteCount: UInt64) -> Bool {
        value.took(request, byteCount: byteCount)
    }
    func ended(_ request: FileDownload.Request) { value.ended(request) }
    func answered(_ request: FileDownload.Request, _ answer: HubAnswer) -> FileDownload.Directive {
        value.answered(request, answer)
    }
    func broke(_ request: FileDownload.Request) -> FileDownload.Directive {
        value.broke(request, because: "test")
    }
}
