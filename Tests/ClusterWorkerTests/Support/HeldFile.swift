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

    /// Waits until somebody opens the file, who finds it empty; the next one does not find it.
    func letGo() async {
        let path = path
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                close(open(path, O_WRONLY))
                unlink(path)
                continuation.resume()
            }
        }
    }
}
