// SPDX-License-Identifier: MIT
#ifndef C_PLATFORM_CGROUP_H
#define C_PLATFORM_CGROUP_H

#include <stddef.h>

// Processors that the CPU quotas of this process' control groups add up to, rounded up: the minimum over
// every level from the own group to the root, in hierarchies of version 2 (cpu.max) and 1 (cpu.cfs_quota_us).
// `membership` is a file like /proc/self/cgroup, `mount` a directory like /sys/fs/cgroup.
// Returns 0 where nothing is limited.
size_t bn_cgroup_processor_quota(const char *membership, const char *mount);

#endif
