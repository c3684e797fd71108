// SPDX-License-Identifier: MIT
#include "cgroup.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t smaller_limit(size_t a, size_t b) {
    if (a == 0) return b;
    return b == 0 || a < b ? a : b;
}

// Reads the first line of directory/name. Returns false if there is none.
static bool read_line(const char *directory, const char *name, char *line, size_t size) {
    char path[PATH_MAX];
    int length = snprintf(path, sizeof path, "%s/%s", directory, name);
    if (length < 0 || (size_t)length >= sizeof path) return false;
    FILE *file = fopen(path, "re");
    if (file == NULL) return false;
    bool found = fgets(line, (int)size, file) != NULL;
    fclose(file);
    return found;
}

static size_t processors(long long quota, long long period) {
    if (quota <= 0 || period <= 0) return 0;
    return (size_t)(quota / period + (quota % period != 0));
}

// Version 2: "max 100000" or "150000 100000".
static size_t quota_of_unified(const char *directory) {
    char line[64];
    long long quota, period;
    if (!read_line(directory, "cpu.max", line, sizeof line)) return 0;
    return sscanf(line, "%lld %lld", &quota, &period) == 2 ? processors(quota, period) : 0;
}

// Version 1: two files; a quota of -1 means none.
static size_t quota_of_legacy(const char *directory) {
    char quota[64], period[64];
    if (!read_line(directory, "cpu.cfs_quota_us", quota, sizeof quota)) return 0;
    if (!read_line(directory, "cpu.cfs_period_us", period, sizeof period)) return 0;
    return processors(strtoll(quota, NULL, 10), strtoll(period, NULL, 10));
}

// The minimum over mount/group and all its parents up to `mount` itself.
static size_t quota_up_to_root(
    const char *mount, const char *group, size_t (*quota_of)(const char *directory)) {
    char path[PATH_MAX];
    int length = snprintf(path, sizeof path, "%s%s", mount, group);
    if (length < 0 || (size_t)length >= sizeof path) return 0;
    size_t limit = 0;
    size_t root_length = strlen(mount);
    for (;;) {
        limit = smaller_limit(limit, quota_of(path));
        char *slash = strrchr(path, '/');
        if (slash == NULL || (size_t)(slash - path) < root_length) return limit;
        *slash = '\0';
    }
}

static bool lists_cpu(const char *controllers) {
    size_t length = strlen(controllers);
    for (const char *at = controllers; at < controllers + length;) {
        size_t word = strcspn(at, ",");
        if (word == 3 && memcmp(at, "cpu", 3) == 0) return true;
        at += word + 1;
    }
    return false;
}

// The quota of `group` in the hierarchy mounted at mount/hierarchy.
static size_t quota_in_hierarchy(
    const char *mount, const char *hierarchy, const char *group, size_t (*quota_of)(const char *directory)) {
    char root[PATH_MAX];
    int length = snprintf(root, sizeof root, "%s/%s", mount, hierarchy);
    if (length < 0 || (size_t)length >= sizeof root) return 0;
    return quota_up_to_root(root, group, quota_of);
}

// One line of the membership file: "0::/path" (version 2, at the mount itself or beside version 1 in
// "unified") or "4:cpu,cpuacct:/path" (version 1).
static size_t quota_of_membership(const char *mount, char *line) {
    line[strcspn(line, "\n")] = '\0';
    char *controllers = strchr(line, ':');
    if (controllers == NULL) return 0;
    char *group = strchr(++controllers, ':');
    if (group == NULL) return 0;
    *group++ = '\0';
    if (*controllers == '\0') {
        return smaller_limit(
            quota_up_to_root(mount, group, quota_of_unified),
            quota_in_hierarchy(mount, "unified", group, quota_of_unified));
    }
    if (!lists_cpu(controllers)) return 0;
    return smaller_limit(
        quota_in_hierarchy(mount, controllers, group, quota_of_legacy),
        quota_in_hierarchy(mount, "cpu", group, quota_of_legacy));
}

size_t bn_cgroup_processor_quota(const char *membership, const char *mount) {
    FILE *file = fopen(membership, "re");
    if (file == NULL) return 0;
    size_t limit = 0;
    char line[PATH_MAX];
    while (fgets(line, sizeof line, file) != NULL) {
        limit = smaller_limit(limit, quota_of_membership(mount, line));
    }
    fclose(file);
    return limit;
}
