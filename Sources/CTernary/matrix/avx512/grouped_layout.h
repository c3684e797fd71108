// SPDX-License-Identifier: MIT
//
// The AVX-512 layout for scaled groups. As avx512_layout.h has it, but that a chunk is a group, and a step half of one: the
// two vectors of a pair of bytes of five weights, of which a group has 7, 13 or 26. Behind a group's pairs stand its
// scales, 64 rows in order, as further pairs: so scales come by the same stream as weights.
//
// A group by itself is a small chunk, so that its tables stay in the first-level cache beside the stream.
#ifndef C_TERNARY_AVX512_GROUPED_LAYOUT_H
#define C_TERNARY_AVX512_GROUPED_LAYOUT_H

#include "matrix/avx512/avx512_layout.h"
#include "matrix/scales.h"

enum { bn_grouped_pair_bytes = 2 * bn_avx512_tile_rows };

// Pairs of a group that hold weights.
static inline size_t bn_grouped_pairs(size_t group) { return bn_t5_group_bytes(group) / 2; }

// All pairs of a group of one tile.
static inline size_t bn_grouped_chunk_pairs(const bn_grouping *grouping) {
    size_t scales_bytes = bn_avx512_tile_rows * bn_scale_bytes(grouping->scales);
    return bn_grouped_pairs(grouping->columns) + scales_bytes / bn_grouped_pair_bytes;
}

// Columns of a group as the weights' bytes have them, five each.
static inline size_t bn_grouped_padded_columns(size_t group) {
    return bn_t5_group_bytes(group) * bn_t5_weights;
}

// A group of one tile.
typedef struct {
    const uint8_t *pairs;
    size_t stride;      // bytes from one pair to the next
    size_t block_size;  // tiles of the tile's block
} bn_grouped_part;

static inline size_t bn_grouped_offset(
    size_t tile, size_t tile_total, size_t group, size_t columns, const bn_grouping *grouping) {
    size_t chunk_pairs = bn_grouped_chunk_pairs(grouping);
    size_t pair_count = bn_group_count(columns, grouping) * chunk_pairs;
    return bn_grouped_pair_bytes *
           bn_avx512_steps_before(tile, tile_total, group * chunk_pairs, pair_count, chunk_pairs);
}

static inline bn_grouped_part bn_grouped_part_of(
    const bn_tile_span *span, size_t i, size_t group, const bn_grouping *grouping) {
    size_t tile = span->first_tile + i;
    size_t block_size = bn_avx512_block_size(tile, span->tile_total);
    return (bn_grouped_part){
        .pairs = span->tiles + bn_grouped_offset(tile, span->tile_total, group, span->columns, grouping),
        .stride = bn_grouped_pair_bytes * block_size,
        .block_size = block_size,
    };
}

// Where the scale of row `row` stands, from the part's first pair on.
static inline size_t bn_grouped_scale_offset(
    const bn_grouped_part *part, size_t row, const bn_grouping *grouping) {
    size_t offset = row * bn_scale_bytes(grouping->scales);
    size_t pair = bn_grouped_pairs(grouping->columns) + offset / bn_grouped_pair_bytes;
    return pair * part->stride + offset % bn_grouped_pair_bytes;
}

BN_TARGET_BEGIN(BN_AVX512_TARGET)

// The scales of rows 16·j ... 16·j + 15.
BN_INLINE __m512 bn_grouped_load_scales(
    const bn_grouped_part *part, size_t j, const bn_grouping *grouping) {
    if (grouping->scales == BN_SCALE_ROW) return _mm512_set1_ps(1.0f);
    const uint8_t *scales = part->pairs + bn_grouped_scale_offset(part, 16 * j, grouping);
    return grouping->scales == BN_SCALE_HALF
               ? _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)scales))
               : _mm512_loadu_ps(scales);
}

// rows[0 ..< 16] += sums · factor, every operation rounded.
BN_INLINE void bn_grouped_add(float *rows, __m512i sums, __m512 factor) {
    __m512 products = _mm512_mul_ps(_mm512_cvtepi32_ps(sums), factor);
    _mm512_storeu_ps(rows, _mm512_add_ps(_mm512_loadu_ps(rows), products));
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
