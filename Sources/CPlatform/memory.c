// SPDX-License-Identifier: MIT
#include <malloc.h>
#include <sys/mman.h>

#include "CPlatform.h"

static const size_t huge_page_bytes = (size_t)2 << 20;

void *bn_memory_allocate(size_t byte_count) {
    if (byte_count == 0) byte_count = 1;
    void *memory = mmap(NULL, byte_count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return NULL;
    // Only advice: fewer TLB misses where the kernel grants it, nothing lost where it does not.
    if (byte_count >= huge_page_bytes) madvise(memory, byte_count, MADV_HUGEPAGE);
    return memory;
}

void bn_memory_free(void *memory, size_t byte_count) {
    if (memory != NULL) munmap(memory, byte_count == 0 ? 1 : byte_count);
}

void bn_memory_give_back(size_t block_bytes) {
    // Either one set by hand keeps glibc from raising both to twice the largest block that was ever freed.
    mallopt(M_MMAP_THRESHOLD, (int)block_bytes);
    mallopt(M_TRIM_THRESHOLD, (int)block_bytes);
}
