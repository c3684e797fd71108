// SPDX-License-Identifier: MIT
#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "matrix/matrix.h"
#include "matrix/scales.h"
#include "matrix/t5.h"

static const size_t columns_max = (size_t)1 << 18;

static bool is_group(size_t group, size_t columns) {
    return (group == 64 || group == 128 || group == 256) && columns % group == 0;
}

static size_t tile_bytes_for(const bn_kernels *kernels, size_t columns, const bn_grouping *grouping) {
    const bn_ternary_kernels *ternary = kernels->ternary;
    return grouping->columns == 0 ? ternary->tile_byte_count(columns)
                                  : ternary->grouped->tile_byte_count(columns, grouping);
}

// 0 if the shape is empty, too wide, or more than memory can hold.
static size_t byte_count_for(
    const bn_kernels *kernels, size_t rows, size_t columns, const bn_grouping *grouping) {
    if (rows == 0 || columns == 0 || columns > columns_max) return 0;
    size_t tile_count = bn_ceil_divide(rows, kernels->ternary->tile_rows);
    size_t byte_count;
    size_t tile_bytes = tile_bytes_for(kernels, columns, grouping);
    return __builtin_mul_overflow(tile_count, tile_bytes, &byte_count) ? 0 : byte_count;
}

size_t bn_matrix_byte_count_for(const bn_kernels *kernels, size_t rows, size_t columns) {
    return byte_count_for(kernels, rows, columns, &(bn_grouping){0});
}

size_t bn_matrix_byte_count_grouped(
    const bn_kernels *kernels, size_t rows, size_t columns, size_t group, bn_scale_type scales) {
    if (!is_group(group, columns)) return 0;
    size_t tiles = byte_count_for(kernels, rows, columns, &(bn_grouping){group, scales});
    return tiles == 0 || scales != BN_SCALE_ROW ? tiles : tiles + rows * sizeof(float);
}

size_t bn_matrix_row_bytes(size_t columns, size_t group, bn_scale_type scales) {
    if (group == 0) return bn_ceil_divide(columns, bn_t5_weights);
    if (scales == BN_SCALE_ROW) return bn_ceil_divide(columns, bn_t5_weights) + sizeof(float);
    return columns / group * (bn_t5_group_bytes(group) + bn_scale_bytes(scales));
}

static bn_matrix *create(
    const bn_kernels *kernels, size_t rows, size_t columns, float scale, bn_grouping grouping) {
    size_t tiles_bytes = byte_count_for(kernels, rows, columns, &grouping);
    if (tiles_bytes == 0) return NULL;
    bn_matrix *matrix = calloc(1, sizeof *matrix);
    if (matrix == NULL) return NULL;
    matrix->kernels = kernels;
    matrix->rows = rows;
    matrix->columns = columns;
    matrix->scale = scale;
    matrix->grouping = grouping;
    matrix->tile_count = bn_ceil_divide(rows, kernels->ternary->tile_rows);
    matrix->tile_bytes = tile_bytes_for(kernels, columns, &grouping);
    matrix->tiles_byte_count = tiles_bytes;
    matrix->byte_count = tiles_bytes;
    matrix->tiles = bn_memory_allocate(tiles_bytes);
    bool has_row_scales = grouping.columns > 0 && grouping.scales == BN_SCALE_ROW;
    if (has_row_scales) {
        matrix->row_scales = calloc(rows, sizeof(float));
        matrix->byte_count += rows * sizeof(float);
    }
    if (matrix->tiles == NULL || (has_row_scales && matrix->row_scales == NULL)) {
        bn_matrix_destroy(matrix);
        return NULL;
    }
    return matrix;
}

bn_matrix *bn_matrix_create(const bn_kernels *kernels, size_t rows, size_t columns, float scale) {
    return create(kernels, rows, columns, scale, (bn_grouping){0});
}

bn_matrix *bn_matrix_create_grouped(
    const bn_kernels *kernels, size_t rows, size_t columns, size_t group, bn_scale_type scales) {
    return is_group(group, columns) ? create(kernels, rows, columns, 1, (bn_grouping){group, scales}) : NULL;
}

void bn_matrix_destroy(bn_matrix *matrix) {
    if (matrix == NULL) return;
    bn_memory_free(matrix->tiles, matrix->tiles_byte_count);
    free(matrix->row_scales);
    free(matrix);
}

typedef struct {
    bn_matrix *matrix;
    const uint8_t *t5;
    size_t row_bytes;
    _Atomic size_t bad_offset;
    _Atomic bool lacks_memory;
} fill_region;

// The first bad byte in the order of the file, whichever thread comes upon one first.
static void note_bad_offset(fill_region *region, size_t offset) {
    size_t known = atomic_load(&region->bad_offset);
    while (offset < known && !atomic_compare_exchange_weak(&region->bad_offset, &known, offset)) {
    }
}

static bool is_scale(const uint8_t *at, bn_scale_type type) {
    float scale = bn_scale_at(at, 0, type == BN_SCALE_ROW ? BN_SCALE_SINGLE : type);
    return scale >= 0 && bn_bits_of_float(scale) < 0x7f800000;
}

// Bytes of a row's weights, behind which its scales stand if it has any.
static size_t weight_bytes(const bn_matrix *matrix) {
    const bn_grouping *grouping = &matrix->grouping;
    return grouping->columns == 0 || grouping->scales == BN_SCALE_ROW
               ? bn_ceil_divide(matrix->columns, bn_t5_weights)
               : bn_group_count(matrix->columns, grouping) * bn_t5_group_bytes(grouping->columns);
}

// The offset of the first byte of a row that cannot stand there, or the row's bytes if there is none.
static size_t first_invalid(const uint8_t *row, const bn_matrix *matrix, size_t row_bytes) {
    const bn_grouping *grouping = &matrix->grouping;
    size_t t5_bytes = weight_bytes(matrix), scale_bytes = sizeof(float);
    if (grouping->columns == 0 || grouping->scales == BN_SCALE_ROW) {
        size_t bad = bn_t5_first_invalid(row, t5_bytes, matrix->columns);
        if (bad < t5_bytes) return bad;
    } else {
        size_t group_bytes = bn_t5_group_bytes(grouping->columns);
        scale_bytes = bn_scale_bytes(grouping->scales);
        for (size_t at = 0; at < t5_bytes; at += group_bytes) {
            size_t bad = bn_t5_first_invalid_of_group(row + at, grouping->columns);
            if (bad < group_bytes) return at + bad;
        }
    }
    for (size_t at = t5_bytes; at < row_bytes; at += scale_bytes) {
        if (!is_scale(row + at, grouping->scales)) return at;
    }
    return row_bytes;
}

// The weights of a row that has one scale, as those of a row of groups.
static void regroup(uint8_t *to, const uint8_t *row, size_t columns, size_t group) {
    uint16_t digits[bn_t5_count];
    bn_t5_digits(digits);
    for (size_t begin = 0; begin < columns; begin += group) {
        for (size_t byte = 0; byte < bn_t5_group_bytes(group); byte++) {
            unsigned value = 0;
            for (size_t i = bn_t5_weights; i-- > 0;) {
                size_t place = byte * bn_t5_weights + i, column = begin + place;
                unsigned digit =
                    place < group ? digits[row[column / bn_t5_weights]] >> (2 * (column % bn_t5_weights)) & 3
                                  : 1;
                value = value * 3 + digit;
            }
            *to++ = (uint8_t)value;
        }
    }
}

// A tile of rows that have a scale each: their groups have none.
static bool fill_tile_by_rows(
    bn_matrix *matrix, size_t tile, const uint8_t *rows, size_t row_bytes, size_t row_count) {
    const bn_ternary_kernels *ternary = matrix->kernels->ternary;
    size_t group = matrix->grouping.columns;
    size_t stride = matrix->columns / group * bn_t5_group_bytes(group);
    uint8_t *regrouped = malloc(row_count * stride);
    if (regrouped == NULL) return false;
    for (size_t r = 0; r < row_count; r++) {
        const uint8_t *row = rows + r * row_bytes;
        regroup(regrouped + r * stride, row, matrix->columns, group);
        matrix->row_scales[tile * ternary->tile_rows + r] =
            bn_scale_at(row + row_bytes - sizeof(float), 0, BN_SCALE_SINGLE);
    }
    ternary->grouped->pack_tile(
        matrix->tiles, tile, matrix->tile_count, regrouped, stride, row_count, matrix->columns,
        &matrix->grouping);
    free(regrouped);
    return true;
}

static void fill_tile(fill_region *region, size_t tile, const uint8_t *rows, size_t row_count) {
    bn_matrix *matrix = region->matrix;
    const bn_ternary_kernels *ternary = matrix->kernels->ternary;
    if (matrix->grouping.columns == 0) {
        ternary->pack_tile(
            matrix->tiles, tile, matrix->tile_count, rows, region->row_bytes, row_count, matrix->columns);
    } else if (matrix->row_scales == NULL) {
        ternary->grouped->pack_tile(
            matrix->tiles, tile, matrix->tile_count, rows, region->row_bytes, row_count, matrix->columns,
            &matrix->grouping);
    } else if (!fill_tile_by_rows(matrix, tile, rows, region->row_bytes, row_count)) {
        atomic_store(&region->lacks_memory, true);
    }
}

static void fill_tiles(void *context, size_t begin, size_t end, size_t thread) {
    (void)thread;
    fill_region *region = context;
    const bn_matrix *matrix = region->matrix;
    size_t tile_rows = matrix->kernels->ternary->tile_rows, row_bytes = region->row_bytes;
    for (size_t tile = begin; tile < end; tile++) {
        size_t first = tile * tile_rows;
        size_t row_count = matrix->rows - first;
        if (row_count > tile_rows) row_count = tile_rows;
        const uint8_t *rows = region->t5 + first * row_bytes;
        bool is_valid = true;
        for (size_t r = 0; r < row_count && is_valid; r++) {
            size_t bad = first_invalid(rows + r * row_bytes, matrix, row_bytes);
            is_valid = bad == row_bytes;
            if (!is_valid) note_bad_offset(region, (first + r) * row_bytes + bad);
        }
        if (is_valid) fill_tile(region, tile, rows, row_count);
    }
}

bn_status bn_matrix_fill(bn_matrix *matrix, bn_pool *pool, const uint8_t *t5, size_t *bad_offset) {
    assert(matrix != NULL && t5 != NULL);
    const bn_grouping *grouping = &matrix->grouping;
    fill_region region = {
        .matrix = matrix,
        .t5 = t5,
        .row_bytes = bn_matrix_row_bytes(matrix->columns, grouping->columns, grouping->scales),
        .bad_offset = SIZE_MAX,
    };
    size_t grain = bn_grain(pool, matrix->tile_count, 4 * matrix->tile_bytes);
    bn_pool_run(pool, matrix->tile_count, grain, fill_tiles, &region);
    if (atomic_load(&region.lacks_memory)) return BN_NO_MEMORY;
    size_t bad = atomic_load(&region.bad_offset);
    if (bad == SIZE_MAX) return BN_OK;
    if (bad_offset != NULL) *bad_offset = bad;
    return bad % region.row_bytes < weight_bytes(matrix) ? BN_INVALID_CODE : BN_INVALID_SCALE;
}

typedef struct {
    const bn_matrix *matrix;
    float *out;
    const uint32_t *rows;
} read_region;

static void read_rows(void *context, size_t begin, size_t end, size_t thread) {
    (void)thread;
    const read_region *region = context;
    const bn_matrix *matrix = region->matrix;
    const bn_ternary_kernels *ternary = matrix->kernels->ternary;
    for (size_t i = begin; i < end; i++) {
        size_t row = region->rows[i];
        float *out = region->out + i * matrix->columns;
        ternary->grouped->read_row(
            out, matrix->tiles, row / ternary->tile_rows, matrix->tile_count, row % ternary->tile_rows,
            matrix->columns, &matrix->grouping);
        float scale = matrix->row_scales == NULL ? 1.0f : matrix->row_scales[row];
        if (scale == 1.0f) continue;
        for (size_t k = 0; k < matrix->columns; k++) out[k] = out[k] * scale;
    }
}

void bn_matrix_read_rows(
    const bn_matrix *matrix, bn_pool *pool, float *out, const uint32_t *rows, size_t count) {
    assert(matrix->grouping.columns > 0);
    read_region region = {matrix, out, rows};
    bn_pool_run(pool, count, bn_grain(pool, count, 8 * matrix->columns), read_rows, &region);
}

size_t bn_matrix_rows(const bn_matrix *matrix) { return matrix->rows; }
size_t bn_matrix_columns(const bn_matrix *matrix) { return matrix->columns; }
size_t bn_matrix_byte_count(const bn_matrix *matrix) { return matrix->byte_count; }
