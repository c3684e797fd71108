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

    @Test func `fewer than a service needs are warned of`() {
        #expect(DescriptorLimit.warning(allowed: Limits.descriptorsFew) == nil)
        let warning = DescriptorLimit.warning(allowed: Limits.descriptorsFew - 1)
        #expect(warning?.contains("255 files") == true && warning?.contains("ulimit -n") == true)
    }
}
