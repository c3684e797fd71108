// SPDX-License-Identifier: MIT
import Dispatch
import Glibc
import TestSupport

/// A file whose reader waits until it is let go: a disk that takes as long as a test wants.
struct HeldFile {
    private let path: String

    init(at path: String) throws {
        guard mkfifo(path, 0o600) == 0 else { throw SystemError("make a pipe at \(path)") }
        self.path = path
    }

    /// Waits until somebody opens the file.
    ///
    /// - Returns: what lets that reader go, who finds the file empty.
    func reader() async -> @Sendable () -> Void {
        let path = path
        let descriptor = await withCheckedContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(returning: open(path, O_WRONLY)) }
        }
        return { close(descriptor) }
    }
}
