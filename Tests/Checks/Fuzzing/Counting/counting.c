// SPDX-License-Identifier: MIT
#include "CFuzzing.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

int __sanitizer_install_malloc_and_free_hooks(
    void (*malloc_hook)(const volatile void *, size_t), void (*free_hook)(const volatile void *));
size_t __sanitizer_get_allocated_size(const volatile void *);

// Freeing what was allocated before an input would let an unsigned count wrap.
static _Atomic long long held;
static _Atomic long long bound;
static _Atomic long long largest;

static void on_malloc(const volatile void *pointer, size_t size)
{
    (void)pointer;
    const long long max = atomic_load_explicit(&bound, memory_order_relaxed);
    if (max == 0) return;
    const long long now =
        atomic_fetch_add_explicit(&held, (long long)size, memory_order_relaxed) + (long long)size;
    if (now > atomic_load_explicit(&largest, memory_order_relaxed)) {
        atomic_store_explicit(&largest, now, memory_order_relaxed);
    }
    if (now > max) {
        atomic_store_explicit(&bound, 0, memory_order_relaxed);
        fprintf(stderr, "finding: %lld bytes held, at most %lld allowed for this input\n", now, max);
        abort();
    }
}

static void on_free(const volatile void *pointer)
{
    if (atomic_load_explicit(&bound, memory_order_relaxed) == 0 || pointer == NULL) return;
    const long long size = (long long)__sanitizer_get_allocated_size(pointer);
    atomic_fetch_sub_explicit(&held, size, memory_order_relaxed);
}

void bn_fuzz_install(void)
{
    __sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);
}

void bn_fuzz_begin(size_t max)
{
    atomic_store(&held, 0);
    atomic_store(&bound, (long long)max);
}

void bn_fuzz_end(void)
{
    atomic_store(&bound, 0);
}

size_t bn_fuzz_largest_peak(void)
{
    return (size_t)atomic_load(&largest);
}
