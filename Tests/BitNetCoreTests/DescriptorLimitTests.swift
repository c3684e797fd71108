// SPDX-License-Identifier: MIT
import BitNetCore
import Glibc
import Testing

struct DescriptorLimitTests {
    @Test func `the limit is raised as far as this process may`() {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        let allowed = min(limit.rlim_max, rlim_t(Limits.descriptorsMax))
        limit.rlim_cur = allowed - 1
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        #expect(DescriptorLimit.allowed == Int(allowed) - 1)
        DescriptorLimit.raise()
        #expect(DescriptorLimit.allowed == Int(allowed))
    }

    @Test func `users get what is not kept for workers and the runtime, and half at least`() {
        let allowed = DescriptorLimit.allowed
        let kept = Limits.descriptorsReserved + 3 * Limits.descriptorsPerWorker
        #expect(DescriptorLimit.forUsers(workerCount: 3) == max(allowed - kept, allowed / 2))
        #expect(DescriptorLimit.forUsers(workerCount: 1 << 20) == allowed / 2)
    }
}
