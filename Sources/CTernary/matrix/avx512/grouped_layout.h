// SPDX-License-Identifier: MIT
//
// The AVX-512 layout for scaled groups. As avx512_layout.h has it, but that a chunk is 256 columns, whole groups: the
// steps of their weights (13 for groups of 128 and 256, 14 for groups of 64, which take an even number of bytes), and
// behind them steps that hold the scales of the chunk's groups, 64 rows of each in order. So scales come by the same
// stream as weights. What is missing of a matrix's last chunk is zero weights and zero scales.
//
// A group begins in the middle of a step where it must: a pair of bytes is one half of a step.
#ifndef C_TERNARY_AVX512_GROUPED_LAYOUT_H
#define C_TERNARY_AVX512_GROUPED_LAYOUT_H

#include "matrix/avx512/avx512_layout.h"
#include "matrix/scales.h"

static inline size_t bn_grouped_pairs(size_t group) { return bn_t5_group_bytes(group) / 2; }

static inline size_t bn_grouped_groups(size_t group) { return bn_group_chunk / group; }

// Steps of a chunk that hold weights.
static inline size_t bn_grouped_weight_steps(size_t group) {
    return bn_grouped_groups(group) * bn_grouped_pairs(group) * 2 / bn_avx512_step_groups;
}

static inline size_t bn_grouped_scale_steps(const bn_grouping *grouping) {
    size_t bytes =
        bn_grouped_groups(grouping->columns) * bn_avx512_tile_rows * bn_scale_bytes(grouping->scales);
    return bn_ceil_divide(bytes, bn_avx512_step_bytes);
}

static inline size_t bn_grouped_chunk_steps(const bn_grouping *grouping) {
    return bn_grouped_weight_steps(grouping->columns) + bn_grouped_scale_steps(grouping);
}

// Columns as the weights' bytes have them, five each.
static inline size_t bn_grouped_padded_chunk(size_t group) {
    return bn_grouped_weight_steps(group) * bn_avx512_step_columns;
}

static inline size_t bn_grouped_chunk_count(size_t columns) {
    return bn_ceil_divide(columns, bn_group_chunk);
}

// A chunk of one tile.
typedef struct {
    const uint8_t *steps;
    size_t stride;      // bytes from one step to the next
    size_t block_size;  // tiles of the tile's block
} bn_grouped_part;

static inline size_t bn_grouped_offset(
    size_t tile, size_t tile_total, size_t chunk, size_t columns, const bn_grouping *grouping) {
    size_t chunk_steps = bn_grouped_chunk_steps(grouping);
    return bn_avx512_chunk_offset(
        tile, tile_total, chunk * chunk_steps, bn_grouped_chunk_count(columns) * chunk_steps, chunk_steps);
}

static inline bn_grouped_part bn_grouped_part_of(
    const bn_tile_span *span, size_t i, size_t chunk, const bn_grouping *grouping) {
    size_t tile = span->first_tile + i;
    size_t block_size = bn_avx512_block_size(tile, span->tile_total);
    return (bn_grouped_part){
        .steps =
            span->tiles + bn_grouped_offset(tile, span->tile_total, chunk, span->columns, grouping),
        .stride = bn_avx512_step_bytes * block_size,
        .block_size = block_size,
    };
}

// The scales of the tile's 64 rows in group `group` of the chunk.
static inline const uint8_t *bn_grouped_scales(
    const bn_grouped_part *part, size_t group, const bn_grouping *grouping) {
    size_t offset = group * bn_avx512_tile_rows * bn_scale_bytes(grouping->scales);
    size_t step = bn_grouped_weight_steps(grouping->columns) + offset / bn_avx512_step_bytes;
    return part->steps + step * part->stride + offset % bn_avx512_step_bytes;
}

BN_TARGET_BEGIN(BN_AVX512_TARGET)

// Those of rows 16·j ... 16·j + 15.
BN_INLINE __m512 bn_grouped_load_scales(const uint8_t *scales, size_t j, bn_scale_type type) {
    switch (type) {
    case BN_SCALE_HALF: return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(scales + 32 * j)));
    case BN_SCALE_SINGLE: return _mm512_loadu_ps(scales + 64 * j);
    case BN_SCALE_ROW: break;
    }
    return _mm512_set1_ps(1.0f);
}

// rows[0 ..< 16] += sums · factor, every operation rounded.
BN_INLINE void bn_grouped_add(float *rows, __m512i sums, __m512 factor) {
    __m512 products = _mm512_mul_ps(_mm512_cvtepi32_ps(sums), factor);
    _mm512_storeu_ps(rows, _mm512_add_ps(_mm512_loadu_ps(rows), products));
}

// The scales of a block's chunk, which stand behind its weights and are needed before the last of them.
BN_INLINE void bn_grouped_fetch_scales(
    const bn_grouped_part *part, size_t tile_count, size_t group, bn_scale_type type) {
    const bn_grouping grouping = {group, type};
    const uint8_t *scales =
        part->steps + bn_grouped_weight_steps(group) * tile_count * bn_avx512_step_bytes;
    size_t byte_count = bn_grouped_scale_steps(&grouping) * tile_count * bn_avx512_step_bytes;
    for (size_t i = 0; i < byte_count; i += 64) _mm_prefetch((const char *)scales + i, _MM_HINT_T0);
}

BN_TARGET_END

// grouped_add_only.c and grouped_dot.c, as in bn_grouped_product_kernel.
size_t bn_avx512_grouped_tables_byte_count(size_t columns, size_t group);
void bn_avx512_arrange_grouped_tables(
    uint8_t *restrict out, const int8_t *restrict codes, size_t columns, size_t group);
void bn_avx512_grouped_add_only(
    float *restrict sums, size_t sums_stride, const bn_tile_span *span, const bn_grouping *grouping,
    const uint8_t *restrict activations, size_t activations_stride, const bn_group_codes *codes,
    size_t tokens);

size_t bn_avx512_grouped_quads_byte_count(size_t columns, size_t group);
void bn_avx512_arrange_grouped_quads(
    uint8_t *restrict out, const int8_t *restrict codes, size_t columns, size_t group);
void bn_avx512_grouped_dot(
    float *restrict sums, size_t sums_stride, const bn_tile_span *span, const bn_grouping *grouping,
    const uint8_t *restrict activations, size_t activations_stride, const bn_group_codes *codes,
    size_t tokens);

#endif
