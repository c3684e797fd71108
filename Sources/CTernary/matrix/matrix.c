// SPDX-License-Identifier: MIT
#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "matrix/matrix.h"
#include "matrix/t5.h"

static const size_t columns_max = (size_t)1 << 18;

// 0 if the shape is empty, too wide, or more than memory can hold.
size_t bn_matrix_byte_count_for(const bn_kernels *kernels, size_t rows, size_t columns) {
    if (rows == 0 || columns == 0 || columns > columns_max) return 0;
    size_t tile_count = bn_ceil_divide(rows, kernels->ternary->tile_rows);
    size_t byte_count;
    if (__builtin_mul_overflow(tile_count, kernels->ternary->tile_byte_count(columns), &byte_count)) return 0;
    return byte_count;
}

bn_matrix *bn_matrix_create(const bn_kernels *kernels, size_t rows, size_t columns, float scale) {
    size_t byte_count = bn_matrix_byte_count_for(kernels, rows, columns);
    if (byte_count == 0) return NULL;
    bn_matrix *matrix = calloc(1, sizeof *matrix);
    if (matrix == NULL) return NULL;
    matrix->kernels = kernels;
    matrix->rows = rows;
    matrix->columns = columns;
    matrix->scale = scale;
    matrix->tile_count = bn_ceil_divide(rows, kernels->ternary->tile_rows);
    matrix->tile_bytes = kernels->ternary->tile_byte_count(columns);
    matrix->byte_count = byte_count;
    matrix->tiles = bn_memory_allocate(byte_count);
    if (matrix->tiles == NULL) {
        free(matrix);
        return NULL;
    }
    return matrix;
}

void bn_matrix_destroy(bn_matrix *matrix) {
    if (matrix == NULL) return;
    bn_memory_free(matrix->tiles, matrix->byte_count);
    free(matrix);
}

typedef struct {
    bn_matrix *matrix;
    const uint8_t *t5;
    _Atomic size_t bad_offset;
} fill_region;

// The first bad byte in the order of the file, whichever thread comes upon one first.
static void note_bad_offset(fill_region *region, size_t offset) {
    size_t known = atomic_load(&region->bad_offset);
    while (offset < known && !atomic_compare_exchange_weak(&region->bad_offset, &known, offset)) {
    }
}

static void fill_tiles(void *context, size_t begin, size_t end, size_t thread) {
    (void)thread;
    fill_region *region = context;
    bn_matrix *matrix = region->matrix;
    const bn_ternary_kernels *ternary = matrix->kernels->ternary;
    size_t row_bytes = bn_ceil_divide(matrix->columns, bn_t5_weights);
    for (size_t tile = begin; tile < end; tile++) {
        size_t first = tile * ternary->tile_rows;
        size_t row_count = matrix->rows - first;
        if (row_count > ternary->tile_rows) row_count = ternary->tile_rows;
        const uint8_t *rows = region->t5 + first * row_bytes;
        bool is_valid = true;
        for (size_t r = 0; r < row_count && is_valid; r++) {
            size_t bad = bn_t5_first_invalid(rows + r * row_bytes, row_bytes, matrix->columns);
            is_valid = bad == row_bytes;
            if (!is_valid) note_bad_offset(region, (first + r) * row_bytes + bad);
        }
        if (!is_valid) continue;
        ternary->pack_tile(
            matrix->tiles, tile, matrix->tile_count, rows, row_bytes, row_count, matrix->columns);
    }
}

bn_status bn_matrix_fill(bn_matrix *matrix, bn_pool *pool, const uint8_t *t5, size_t *bad_offset) {
    assert(matrix != NULL && t5 != NULL);
    fill_region region = {.matrix = matrix, .t5 = t5, .bad_offset = SIZE_MAX};
    size_t grain = bn_grain(pool, matrix->tile_count, 4 * matrix->tile_bytes);
    bn_pool_run(pool, matrix->tile_count, grain, fill_tiles, &region);
    size_t bad = atomic_load(&region.bad_offset);
    if (bad == SIZE_MAX) return BN_OK;
    if (bad_offset != NULL) *bad_offset = bad;
    return BN_INVALID_CODE;
}

size_t bn_matrix_rows(const bn_matrix *matrix) { return matrix->rows; }
size_t bn_matrix_columns(const bn_matrix *matrix) { return matrix->columns; }
size_t bn_matrix_byte_count(const bn_matrix *matrix) { return matrix->byte_count; }
