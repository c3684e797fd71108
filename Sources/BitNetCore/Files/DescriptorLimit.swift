// SPDX-License-Identifier: MIT
import Glibc

/// How many files and sockets this process may have open.
package enum DescriptorLimit {
    /// Raises the limit as far as this process may.
    package static func raise() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        let wanted = min(limit.rlim_max, rlim_t(Limits.descriptorsMax))
        guard limit.rlim_cur < wanted else { return }
        limit.rlim_cur = wanted
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    /// Descriptors that this process may have.
    package static var allowed: Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
            return Limits.descriptorsReserved
        }
        return Int(clamping: min(limit.rlim_cur, rlim_t(Limits.descriptorsMax)))
    }

    /// Descriptors that connections of users may take: the others are kept for workers, the operator, files, and the
    /// runtime, which ends the process if it gets none.
    package static func forUsers(workerCount: Int) -> Int {
        let kept = Limits.descriptorsReserved + workerCount * Limits.descriptorsPerWorker
        // Where there are few, each side gets half.
        return max(allowed - kept, allowed / 2)
    }
}
