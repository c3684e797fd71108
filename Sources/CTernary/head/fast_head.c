// SPDX-License-Identifier: MIT
//
// Makes the int8 copy of a head.
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "head/fast_head.h"
#include "lanes/lanes.h"
#include "lanes/magnitude.h"

static const size_t columns_max = (size_t)1 << 17;

// Columns that are converted at a time, on the stack; whole blocks of every type.
enum { chunk = 512 };

size_t bn_fast_head_byte_count_for(size_t rows, size_t columns) {
    if (rows == 0 || rows > UINT32_MAX || columns == 0 || columns > columns_max) return 0;
    size_t row_bytes = bn_head_tile_columns(columns) + 3 * sizeof(float);
    size_t byte_count;
    if (__builtin_mul_overflow(bn_round_up(rows, bn_head_tile_rows), row_bytes, &byte_count)) return 0;
    return byte_count;
}

// One row on its way from the table to its tile.
typedef struct {
    const bn_float_kernels *floats;
    const uint8_t *values;
    bn_float_type type;
    size_t columns;
} table_row;

static size_t load_chunk(float *out, const table_row *row, size_t begin) {
    size_t count = row->columns - begin < chunk ? row->columns - begin : chunk;
    row->floats->load_row(out, row->values + bn_row_bytes(row->type, begin), row->type, count);
    return count;
}

static uint32_t largest_bits(const bn_head_kernels *kernels, const table_row *row) {
    float values[chunk];
    uint32_t largest = 0;
    for (size_t begin = 0; begin < row->columns; begin += chunk) {
        size_t count = load_chunk(values, row, begin);
        uint32_t bits = kernels->largest_bits(values, count);
        largest = bits > largest ? bits : largest;
    }
    return largest;
}

// At least the norm whose squares are summed, rounding here and there included.
static float norm_above(const double *sums) {
    double sum = 0;
    for (size_t lane = 0; lane < bn_lane_count; lane++) sum += sums[lane];
    double norm = sqrt(sum) * (1 + 0x1p-30);
    float rounded = (float)norm;
    return (double)rounded < norm ? nextafterf(rounded, INFINITY) : rounded;
}

static void fill_row(bn_fast_head *head, size_t index, const table_row *row) {
    uint8_t *tile = head->tiles + index / bn_head_tile_rows * head->tile_bytes;
    uint8_t *out = tile + index % bn_head_tile_rows * 4;
    uint32_t largest = largest_bits(head->kernels->head, row);
    if (largest >= infinity_bits) {
        head->remainder_norms[index] = head->code_norms[index] = INFINITY;
        return;
    }
    float magnitude = bn_float_of_bits(largest);
    // What is smaller than this is all remainder: its inverse scale would overflow.
    bool is_tiny = magnitude < 0x1p-100f;
    float scale = is_tiny ? 0 : magnitude / 127.0f, inverse = is_tiny ? 0 : 127.0f / magnitude;
    bn_head_squares sums = {0};
    for (size_t begin = 0; begin < row->columns; begin += chunk) {
        float values[chunk];
        uint8_t codes[chunk];
        size_t count = load_chunk(values, row, begin);
        size_t padded = bn_round_up(count, bn_lane_count);
        memset(values + count, 0, (padded - count) * sizeof(float));
        head->kernels->head->quantise(codes, &sums, values, scale, inverse, padded);
        for (size_t i = 0; i < count; i += 4) memcpy(out + (begin + i) * bn_head_tile_rows, codes + i, 4);
    }
    head->scales[index] = scale;
    head->remainder_norms[index] = norm_above(sums.remainder);
    head->code_norms[index] = norm_above(sums.code);
}

static void fill_tiles(void *context, size_t begin, size_t end, size_t thread) {
    (void)thread;
    bn_fast_head *head = context;
    size_t row_bytes = bn_row_bytes(head->type, head->columns);
    size_t row_end = end * bn_head_tile_rows < head->rows ? end * bn_head_tile_rows : head->rows;
    for (size_t r = begin * bn_head_tile_rows; r < row_end; r++) {
        table_row row = {head->kernels->floats, head->table + r * row_bytes, head->type, head->columns};
        fill_row(head, r, &row);
    }
}

bn_fast_head *bn_fast_head_create(
    const bn_kernels *kernels, bn_pool *pool, const void *table, bn_float_type type, size_t rows,
    size_t columns) {
    assert(kernels != NULL && table != NULL);
    size_t byte_count = bn_fast_head_byte_count_for(rows, columns);
    if (byte_count == 0) return NULL;
    bn_fast_head *head = calloc(1, sizeof *head);
    if (head == NULL) return NULL;
    size_t padded_rows = bn_round_up(rows, bn_head_tile_rows);
    size_t tile_columns = bn_head_tile_columns(columns);
    *head = (bn_fast_head){
        .kernels = kernels, .table = table, .type = type, .rows = rows, .columns = columns,
        .tile_count = padded_rows / bn_head_tile_rows, .tile_bytes = tile_columns * bn_head_tile_rows,
        .byte_count = byte_count, .tiles = bn_memory_allocate(byte_count)};
    if (head->tiles == NULL) {
        free(head);
        return NULL;
    }
    head->scales = (float *)(head->tiles + padded_rows * tile_columns);
    head->remainder_norms = head->scales + padded_rows;
    head->code_norms = head->remainder_norms + padded_rows;
    size_t grain = bn_grain(pool, head->tile_count, 4 * head->tile_bytes);
    bn_pool_run(pool, head->tile_count, grain > 16 && pool != NULL ? 16 : grain, fill_tiles, head);
    for (size_t r = 0; r < rows; r++) {
        double norm = (double)head->remainder_norms[r] + (double)head->code_norms[r];
        head->norm_max = norm > head->norm_max ? norm : head->norm_max;
    }
    return head;
}

void bn_fast_head_destroy(bn_fast_head *head) {
    if (head == NULL) return;
    bn_memory_free(head->tiles, head->byte_count);
    free(head);
}
