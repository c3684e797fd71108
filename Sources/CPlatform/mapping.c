// SPDX-License-Identifier: MIT
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "CPlatform.h"
#include "fault.h"

// A mapped file's pages that are not in the file any more, or that the disk does not give, raise SIGBUS where they
// are read. Within regions that are listed here they read as zero instead, and the region is torn from then on:
// whoever read it asks, and believes nothing of it.

enum { regions_max = 8192 };

typedef struct {
    atomic_bool is_taken;
    atomic_bool is_torn;
    atomic_uintptr_t start;
    // Zero while the region does not count.
    atomic_uintptr_t end;
} region;

static region regions[regions_max];
// Regions from here on were never taken.
static atomic_int regions_end;
static uintptr_t page_size;

// Async-signal-safe: atomics and one system call.
static void on_bus_error(int number, siginfo_t *info, void *context) {
    const int saved = errno;
    const uintptr_t address = (uintptr_t)info->si_addr;
    const int end = info->si_code > 0 ? atomic_load(&regions_end) : 0;
    for (int index = 0; index < end; index++) {
        region *found = &regions[index];
        const uintptr_t region_end = atomic_load(&found->end);
        if (address < atomic_load(&found->start) || address >= region_end) continue;
        // Before the zeros, so that nobody sees these without that.
        atomic_store(&found->is_torn, true);
        const uintptr_t page = address & ~(page_size - 1);
        // To the end, for a file that was cut has no more of it.
        void *zeros = mmap((void *)page, region_end - page, PROT_READ,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
        errno = saved;
        if (zeros != MAP_FAILED) return;
        break;
    }
    errno = saved;
    fault_end(number, info, context);
}

static void prepare(void) {
    page_size = (uintptr_t)sysconf(_SC_PAGESIZE);
    fault_handle(SIGBUS, on_bus_error);
}

void fault_guard_mappings(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, prepare);
}

int bn_mapping_guard(const void *start, size_t byte_count) {
    fault_guard_mappings();
    for (int index = 0; index < regions_max; index++) {
        region *own = &regions[index];
        if (atomic_exchange(&own->is_taken, true)) continue;
        atomic_store(&own->is_torn, false);
        atomic_store(&own->start, (uintptr_t)start);
        atomic_store(&own->end, (uintptr_t)start + byte_count);
        int seen = atomic_load(&regions_end);
        while (seen <= index && !atomic_compare_exchange_weak(&regions_end, &seen, index + 1)) {
        }
        return index;
    }
    return -1;
}

bool bn_mapping_is_torn(int region_index) { return atomic_load(&regions[region_index].is_torn); }

void bn_mapping_release(int region_index) {
    region *own = &regions[region_index];
    atomic_store(&own->end, 0);
    atomic_store(&own->start, 0);
    atomic_store(&own->is_taken, false);
}
