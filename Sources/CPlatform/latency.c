// SPDX-License-Identifier: MIT
#include "CPlatform.h"

#ifdef __linux__
#include <linux/sched.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

// struct sched_attr as sched_setattr(2) has it; C libraries declare it under different names.
struct attributes {
    uint32_t size;
    uint32_t policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime;
    uint64_t deadline;
    uint64_t period;
};

void bn_thread_prefer_latency(void) {
    struct attributes attributes;
    memset(&attributes, 0, sizeof attributes);
    if (syscall(SYS_sched_getattr, 0, &attributes, sizeof attributes, 0) != 0) return;
    if (attributes.policy != SCHED_OTHER) return;
    attributes.size = sizeof attributes;
    attributes.runtime = 100000;  // nanoseconds, the least that there is
    attributes.deadline = 0;
    attributes.period = 0;
    syscall(SYS_sched_setattr, 0, &attributes, 0);
}
#else
void bn_thread_prefer_latency(void) {}
#endif
