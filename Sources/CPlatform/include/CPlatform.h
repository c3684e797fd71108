// SPDX-License-Identifier: MIT
#ifndef C_PLATFORM_H
#define C_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Number of processors that this process may use: the minimum of its affinity mask and its cgroup CPU quota
// (v2 and v1, every level up to the root), rounded up, at least 1.
size_t bn_processor_count(void);

// A persistent pool of threads for fork-join regions of a few microseconds. One region at a time: a pool
// belongs to one compute queue. Threads spin briefly after a region, then park on a futex.
typedef struct bn_pool bn_pool;

// Makes a pool of `thread_count` threads in all, the calling thread included (so thread_count - 1 are
// created). Returns NULL if memory or threads cannot be had. thread_count: 1...1024.
bn_pool *bn_pool_create(size_t thread_count);
// Gives every thread that the pool has made a processor of its own among those that the process may use, from
// the second on; the first is left to the caller, whichever thread that is. Returns how many were pinned; it
// is only advice.
size_t bn_pool_pin(bn_pool *pool);
// Joins the threads. Must not be called while a region runs.
void bn_pool_destroy(bn_pool *pool);
size_t bn_pool_thread_count(const bn_pool *pool);

// Work of a region: items [begin, end) by thread `thread` (0...thread_count-1).
typedef void (*bn_pool_body)(void *context, size_t begin, size_t end, size_t thread);
// Runs body over [0, count) in pieces of at most `grain` items that threads take dynamically. Returns when
// all items are done. pool == NULL runs everything on the calling thread.
void bn_pool_run(bn_pool *pool, size_t count, size_t grain, bn_pool_body body, void *context);

// Anonymous zeroed memory, 64-byte aligned, advised to huge pages when large. Returns NULL on failure.
void *bn_memory_allocate(size_t byte_count);
void bn_memory_free(void *memory, size_t byte_count);
// Has the allocator return blocks from this size on to the system when they are freed, 32 MiB at most, and as much at the
// end of its heap; without this, a few large blocks make it keep all later ones. Before there are other threads.
void bn_memory_give_back(size_t block_bytes);

// Has a mapped file's pages read as zero where the file was cut, or the disk does not give them, instead of raising
// SIGBUS. Returns the number of the region, or -1 if there are too many. Other faults go where they went.
int bn_mapping_guard(const void *start, size_t byte_count);
// Whether something of the region was missing when it was read, so that what was read is worth nothing.
bool bn_mapping_is_torn(int region_index);
// Before the region is unmapped.
void bn_mapping_release(int region_index);

// From now on a process that ends by a fault shuts its sockets first: peers learn it at once, and ports are free,
// though the runtime may take long to write down what happened. What it starts for that inherits no descriptor.
void bn_faults_let_go_of_sockets(void);
// Marks all descriptors but the standard ones as not to be inherited by programs that this one starts.
void bn_descriptors_close_on_exec(void);

// Has the calling thread run sooner when it wakes up beside threads that compute (a short slice, Linux 6.12 and
// later). Changes nothing where the kernel does not know it.
void bn_thread_prefer_latency(void);

#ifdef __cplusplus
}
#endif
#endif
