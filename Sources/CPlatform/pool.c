// SPDX-License-Identifier: MIT
//
// A region is published by storing one 64-bit ticket: the region's number and how many pieces are left.
// Threads take pieces by compare-and-swap on the ticket, so a thread that was away can never touch a region
// that has ended, and the caller waits only for pieces, never for threads: a thread that the kernel has
// taken off its processor between two pieces delays nobody.
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "CPlatform.h"

enum { piece_bits = 24 };
static const uint64_t piece_mask = ((uint64_t)1 << piece_bits) - 1;

// How long a thread looks for work before it parks: through the serial work of a step (some 10 µs, and waking
// from a futex costs as much again) and across the gap between two tokens, but no longer.
static const uint64_t spin_ns = 400000;
// Past this a spinning thread also offers its processor to others now and then.
static const uint64_t polite_after_ns = 20000;

typedef struct {
    bn_pool *pool;
    pthread_t handle;
    size_t index;
} pool_thread;

struct bn_pool {
    // Written by the caller before the ticket, stable while a piece of the region is out.
    bn_pool_body body;
    void *context;
    size_t count;
    size_t grain;
    size_t piece_count;

    // The caller's processor when it published the region.
    _Atomic int caller_processor;

    uint64_t spin_ns;

    size_t thread_count;
    size_t started_count;
    pool_thread *threads;

    alignas(64) _Atomic uint64_t ticket;
    // Moves on with every region: what parked threads wait on.
    _Atomic uint32_t epoch;
    _Atomic uint32_t parked_count;
    _Atomic bool stopping;

    alignas(64) _Atomic uint32_t remaining;
    _Atomic bool caller_is_parked;
};

static void futex_wait(_Atomic uint32_t *word, uint32_t expected) {
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, NULL, NULL, 0);
}

static void futex_wake(_Atomic uint32_t *word, int thread_count) {
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, thread_count, NULL, NULL, 0);
}

static uint64_t now_ns(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void pause_briefly(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

// A bounded spin. `step` returns false once its time is over.
typedef struct {
    uint64_t start_ns;
    uint32_t pauses;
} spinner;

static bool spin_step(spinner *spin, uint64_t limit_ns) {
    pause_briefly();
    if (++spin->pauses % 32 != 0) return true;
    uint64_t now = now_ns();
    if (spin->start_ns == 0) spin->start_ns = now;
    uint64_t elapsed = now - spin->start_ns;
    if (elapsed >= limit_ns) return false;
    if (elapsed > polite_after_ns && spin->pauses % 256 == 0) {
        syscall(SYS_sched_yield);
    }
    return true;
}

// Takes and runs pieces until none is left. The context is read after a piece is taken: from then until the
// piece is done the region cannot end, so what the caller wrote for it stays.
static void run_pieces(bn_pool *pool, size_t thread) {
    uint64_t ticket = atomic_load_explicit(&pool->ticket, memory_order_acquire);
    while ((ticket & piece_mask) != 0) {
        if (!atomic_compare_exchange_weak_explicit(
                &pool->ticket, &ticket, ticket - 1, memory_order_acquire, memory_order_acquire)) {
            continue;
        }
        size_t piece = pool->piece_count - (size_t)(ticket & piece_mask);
        size_t begin = piece * pool->grain;
        size_t end = pool->count - begin < pool->grain ? pool->count : begin + pool->grain;
        pool->body(pool->context, begin, end, thread);
        if (atomic_fetch_sub(&pool->remaining, 1) == 1 && atomic_load(&pool->caller_is_parked)) {
            futex_wake(&pool->remaining, 1);
        }
        ticket = atomic_load_explicit(&pool->ticket, memory_order_acquire);
    }
}

static bool has_work(bn_pool *pool) {
    return (atomic_load_explicit(&pool->ticket, memory_order_relaxed) & piece_mask) != 0;
}

// Parks until the epoch moves on from `seen`.
static void park(bn_pool *pool, uint32_t seen) {
    // Sequentially consistent, as are the caller's store of the epoch and its load of this counter: either
    // the caller sees this thread and wakes it, or the kernel sees the new epoch and does not let it sleep.
    atomic_fetch_add(&pool->parked_count, 1);
    futex_wait(&pool->epoch, seen);
    atomic_fetch_sub(&pool->parked_count, 1);
}

// Moves this thread off the caller's processor. The kernel wakes a thread beside its waker, expecting the
// waker to sleep soon; this one works on, and where the other processors are busy with something of low
// priority the two would share one for a long time. Taking that processor out of the mask moves the thread at
// once; putting it back leaves it where it is, so nothing stays pinned.
static void step_aside(bn_pool *pool) {
    int processor = atomic_load_explicit(&pool->caller_processor, memory_order_relaxed);
    if (pool->spin_ns == 0 || processor != sched_getcpu()) return;
    cpu_set_t allowed;
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0 || CPU_COUNT(&allowed) < 2) return;
    cpu_set_t others = allowed;
    CPU_CLR((size_t)processor, &others);
    if (sched_setaffinity(0, sizeof others, &others) == 0) sched_setaffinity(0, sizeof allowed, &allowed);
}

static void *thread_main(void *argument) {
    pool_thread *self = argument;
    bn_pool *pool = self->pool;
    for (;;) {
        // In this order: whoever sets `stopping` moves the epoch on afterwards.
        uint32_t seen = atomic_load(&pool->epoch);
        if (atomic_load(&pool->stopping)) return NULL;
        spinner spin = {0};
        while (!has_work(pool) && atomic_load_explicit(&pool->epoch, memory_order_relaxed) == seen) {
            if (!spin_step(&spin, pool->spin_ns)) {
                park(pool, seen);
                break;
            }
        }
        if (has_work(pool)) step_aside(pool);
        run_pieces(pool, self->index);
    }
}

static void move_epoch_on(bn_pool *pool, size_t wanted_count) {
    atomic_fetch_add(&pool->epoch, 1);
    if (atomic_load(&pool->parked_count) == 0) return;
    futex_wake(&pool->epoch, wanted_count < INT_MAX ? (int)wanted_count : INT_MAX);
}

static void wait_for_pieces(bn_pool *pool) {
    spinner spin = {0};
    while (atomic_load_explicit(&pool->remaining, memory_order_acquire) != 0) {
        if (spin_step(&spin, pool->spin_ns)) continue;
        atomic_store(&pool->caller_is_parked, true);
        uint32_t remaining;
        while ((remaining = atomic_load(&pool->remaining)) != 0) futex_wait(&pool->remaining, remaining);
        atomic_store(&pool->caller_is_parked, false);
        return;
    }
}

void bn_pool_run(bn_pool *pool, size_t count, size_t grain, bn_pool_body body, void *context) {
    if (count == 0) return;
    if (grain == 0) grain = 1;
    if (pool == NULL || pool->started_count == 0 || count <= grain) {
        for (size_t begin = 0; begin < count;) {
            size_t end = count - begin < grain ? count : begin + grain;
            body(context, begin, end, 0);
            begin = end;
        }
        return;
    }
    size_t grain_min = count / piece_mask + 1;
    if (grain < grain_min) grain = grain_min;
    size_t piece_count = count / grain + (count % grain != 0);
    pool->body = body;
    pool->context = context;
    pool->count = count;
    pool->grain = grain;
    pool->piece_count = piece_count;
    atomic_store_explicit(&pool->caller_processor, sched_getcpu(), memory_order_relaxed);
    atomic_store_explicit(&pool->remaining, (uint32_t)piece_count, memory_order_relaxed);
    uint64_t number = (atomic_load_explicit(&pool->ticket, memory_order_relaxed) >> piece_bits) + 1;
    atomic_store(&pool->ticket, number << piece_bits | piece_count);
    move_epoch_on(pool, piece_count - 1);
    run_pieces(pool, 0);
    wait_for_pieces(pool);
}

bn_pool *bn_pool_create(size_t thread_count) {
    if (thread_count < 1 || thread_count > 1024) return NULL;
    bn_pool *pool = aligned_alloc(alignof(bn_pool), sizeof(bn_pool));
    pool_thread *threads = calloc(thread_count, sizeof(pool_thread));
    if (pool == NULL || threads == NULL) {
        free(pool);
        free(threads);
        return NULL;
    }
    memset(pool, 0, sizeof *pool);
    pool->thread_count = thread_count;
    pool->threads = threads;
    // With more threads than processors a spinning thread keeps a working one from its processor.
    pool->spin_ns = thread_count <= bn_processor_count() ? spin_ns : 0;
    for (size_t i = 1; i < thread_count; i++) {
        threads[i] = (pool_thread){.pool = pool, .index = i};
        if (pthread_create(&threads[i].handle, NULL, thread_main, &threads[i]) != 0) {
            bn_pool_destroy(pool);
            return NULL;
        }
        pool->started_count = i;
    }
    return pool;
}

size_t bn_pool_pin(bn_pool *pool) {
    cpu_set_t allowed;
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return 0;
    size_t processors[CPU_SETSIZE], processor_count = 0, pinned_count = 0;
    for (size_t i = 0; i < CPU_SETSIZE; i++) {
        if (CPU_ISSET(i, &allowed)) processors[processor_count++] = i;
    }
    if (processor_count == 0) return 0;
    for (size_t i = 1; i <= pool->started_count; i++) {
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(processors[i % processor_count], &one);
        if (pthread_setaffinity_np(pool->threads[i].handle, sizeof one, &one) == 0) pinned_count++;
    }
    return pinned_count;
}

void bn_pool_destroy(bn_pool *pool) {
    if (pool == NULL) return;
    atomic_store(&pool->stopping, true);
    move_epoch_on(pool, pool->thread_count);
    for (size_t i = 1; i <= pool->started_count; i++) pthread_join(pool->threads[i].handle, NULL);
    free(pool->threads);
    free(pool);
}

size_t bn_pool_thread_count(const bn_pool *pool) { return pool->thread_count; }
