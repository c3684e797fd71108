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
            return Limits.descriptorsUsual
        }
        return Int(clamping: min(limit.rlim_cur, rlim_t(Limits.descriptorsMax)))
    }

    /// How to have more, for messages.
    package static let remedy = "raise the limit: ulimit -n 1024, or LimitNOFILE= of its systemd unit"

    /// What is wrong with so few; `nil` if nothing is.
    package static func warning(allowed: Int = allowed) -> String? {
        allowed < Limits.descriptorsFew
            ? "this process may have \(allowed) files and connections open, which are soon taken; \(remedy)"
            : nil
    }
}
