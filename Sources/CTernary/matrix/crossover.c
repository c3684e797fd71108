// SPDX-License-Identifier: MIT
//
// From how many tokens on the dot kernel is the faster one: the add-only kernel takes every token by itself,
// the dot kernel shares what it makes of the weights but starts slower, and where the two meet differs
// between processors. Weights come from memory, as in a model: the matrix is put out of the caches before
// every run. In the cache the dot kernel gains more, and would be chosen too early.
#include <stdlib.h>
#include <time.h>

#include "matrix/matrix.h"

enum {
    crossover_rows = 4096,
    crossover_columns = 2560,
    run_count = 3,
    // Nobody waits for more than this; what is not measured by then is not measured.
    budget_nanoseconds = 30 * 1000 * 1000,
};

static const size_t token_counts[] = {2, 3, 4, 6, 8};
enum { token_count_max = 8, count_of_counts = sizeof token_counts / sizeof *token_counts };

typedef struct {
    bn_pool *pool;
    bn_matrix *matrix;
    bn_activations *add_only;
    bn_activations *dot;
    float *x;    // [token_count_max][crossover_columns]
    float *out;  // [token_count_max][rows]
} crossover;

static int64_t nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

// Puts a line out of all caches; on other processors it stays.
static void flush_line(const uint8_t *line) {
#if defined(__x86_64__)
    __builtin_ia32_clflush(line);
#elif defined(__aarch64__)
    __asm__ volatile("dc civac, %0" : : "r"(line) : "memory");
#else
    (void)line;
#endif
}

static void flush(const bn_matrix *matrix) {
    for (size_t i = 0; i < matrix->byte_count; i += 64) flush_line(matrix->tiles + i);
    __sync_synchronize();
}

// The arrangement of the codes is part of either way.
static int64_t time_of(const crossover *with, bn_activations *activations, size_t tokens) {
    flush(with->matrix);
    int64_t start = nanoseconds();
    bn_quantise(activations, with->pool, with->x, tokens, crossover_columns);
    bn_product product = {
        .matrix = with->matrix, .out = with->out, .out_stride = bn_matrix_rows(with->matrix)};
    bn_multiply(with->pool, activations, &product, 1);
    return nanoseconds() - start;
}

static int compare(const void *a, const void *b) {
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

static bool is_dot_faster(const crossover *with, size_t tokens) {
    int64_t add_only[run_count], dot[run_count];
    for (size_t i = 0; i < run_count; i++) {
        add_only[i] = time_of(with, with->add_only, tokens);
        dot[i] = time_of(with, with->dot, tokens);
    }
    qsort(add_only, run_count, sizeof *add_only, compare);
    qsort(dot, run_count, sizeof *dot, compare);
    return dot[run_count / 2] < add_only[run_count / 2];
}

static size_t measure(const crossover *with) {
    int64_t start = nanoseconds();
    // Wakes the threads.
    time_of(with, with->add_only, 1);
    time_of(with, with->dot, 1);
    size_t last = 1;
    for (size_t i = 0; i < count_of_counts && nanoseconds() - start < budget_nanoseconds; i++) {
        last = token_counts[i];
        if (is_dot_faster(with, last)) return last;
    }
    return last + 1;
}

// Trits and activations of any value will do: no kernel's time depends on them.
static bool fill(const crossover *with) {
    size_t rows = bn_matrix_rows(with->matrix), row_bytes = bn_ceil_divide(crossover_columns, 5);
    uint8_t *t5 = malloc(rows * row_bytes);
    if (t5 == NULL) return false;
    uint32_t state = 1;
    for (size_t i = 0; i < rows * row_bytes; i++) {
        state = state * 1664525 + 1013904223;
        t5[i] = (uint8_t)((state >> 16) % 243);
    }
    for (size_t i = 0; i < (size_t)token_count_max * crossover_columns; i++) {
        with->x[i] = (float)(i % 255) - 127;
    }
    size_t bad_offset;
    bool is_filled = bn_matrix_fill(with->matrix, with->pool, t5, &bad_offset) == BN_OK;
    free(t5);
    return is_filled;
}

size_t bn_dot_tokens_min(const bn_kernels *kernels, bn_pool *pool) {
    // Scalar code takes a hundred times as long.
    size_t rows = kernels->isa == BN_ISA_SCALAR ? 16 : crossover_rows;
    size_t threads = pool == NULL ? 1 : bn_pool_thread_count(pool);
    crossover with = {
        .pool = pool,
        .matrix = bn_matrix_create(kernels, rows, crossover_columns, 1),
        .add_only = bn_activations_create(kernels, SIZE_MAX, threads, token_count_max, crossover_columns, 0),
        .dot = bn_activations_create(kernels, 1, threads, token_count_max, crossover_columns, 0),
        .x = malloc((size_t)token_count_max * crossover_columns * sizeof(float)),
        .out = malloc(token_count_max * rows * sizeof(float)),
    };
    bool is_ready = with.matrix && with.add_only && with.dot && with.x && with.out && fill(&with);
    size_t found = is_ready ? measure(&with) : 2;
    bn_matrix_destroy(with.matrix);
    bn_activations_destroy(with.add_only);
    bn_activations_destroy(with.dot);
    free(with.x);
    free(with.out);
    return found;
}
