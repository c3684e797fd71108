// SPDX-License-Identifier: MIT
#include <sched.h>

#include "CPlatform.h"
#include "cgroup.h"

// Processors in the affinity mask, or 1 if the kernel will not say.
static size_t affinity_count(void) {
    // The kernel refuses masks smaller than its own, whatever the machine has: grow until it accepts.
    for (size_t capacity = 1024; capacity <= (size_t)1 << 20; capacity *= 4) {
        cpu_set_t *set = CPU_ALLOC(capacity);
        if (set == NULL) return 1;
        size_t byte_count = CPU_ALLOC_SIZE(capacity);
        int count = sched_getaffinity(0, byte_count, set) == 0 ? CPU_COUNT_S(byte_count, set) : 0;
        CPU_FREE(set);
        if (count > 0) return (size_t)count;
    }
    return 1;
}

size_t bn_processor_count(void) {
    size_t affinity = affinity_count();
    size_t quota = bn_cgroup_processor_quota("/proc/self/cgroup", "/sys/fs/cgroup");
    return quota > 0 && quota < affinity ? quota : affinity;
}
