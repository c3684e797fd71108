// SPDX-License-Identifier: MIT
//
// AVX-512 layout, 1.6 bits a weight: tiles of 64 rows, one vector of 64 bytes for every group of five columns,
// four groups a step. Four tiles (fewer at the end of a matrix) are a block, up to eight blocks a panel, ten
// steps a chunk, and the matrix lies as [panel][chunk][block][step][tile][group][64]: what a chunk of columns
// needs besides weights stays in the first-level cache while one stream of weights goes by.
//
// A byte is its T5 value less 121, which is the balanced ternary number of its five weights, -121 ... 121, as
// sign (top bit) and magnitude. Both kernels read this one copy: the look-up kernel because a magnitude is an
// index of seven bits, the dot product because four groups are unpacked into the order that it wants, four
// bytes a row. The row order makes the sums of both come out in order: row 16·j + 4·k + r stands at byte
// 16·k + 4·j + r.
#ifndef C_TERNARY_AVX512_LAYOUT_H
#define C_TERNARY_AVX512_LAYOUT_H

#include <immintrin.h>
#include <string.h>

#include "kernels.h"
#include "lanes/target.h"
#include "matrix/t5.h"

#define BN_AVX512_TARGET "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vnni,gfni"

enum {
    bn_avx512_tile_rows = 64,
    bn_avx512_block_tiles = 4,
    bn_avx512_panel_tiles = 8 * bn_avx512_block_tiles,
    bn_avx512_chunk_steps = 10,
    bn_avx512_group_columns = 5,
    bn_avx512_step_groups = 4,
    bn_avx512_step_columns = bn_avx512_step_groups * bn_avx512_group_columns,
    bn_avx512_step_bytes = bn_avx512_step_groups * bn_avx512_tile_rows,
};

static inline size_t bn_avx512_step_count(size_t columns) {
    return bn_ceil_divide(columns, bn_avx512_step_columns);
}

// Groups come in fours, the last of them zero weights.
static inline size_t bn_avx512_tile_byte_count(size_t columns) {
    return bn_avx512_step_bytes * bn_avx512_step_count(columns);
}

// What stands before the steps of tile `tile` in the chunk that begins at step `begin`, in steps of one tile. There they
// are one after the other, at a distance of the tiles of the tile's block.
static inline size_t bn_avx512_steps_before(
    size_t tile, size_t tile_total, size_t begin, size_t step_count, size_t chunk_steps_max) {
    // Half of a small matrix is a panel, so that two threads find their weights in one run of bytes each.
    size_t panel_tiles = tile_total / (2 * bn_avx512_block_tiles) * bn_avx512_block_tiles;
    if (panel_tiles > bn_avx512_panel_tiles) panel_tiles = bn_avx512_panel_tiles;
    if (panel_tiles < bn_avx512_block_tiles) panel_tiles = bn_avx512_block_tiles;
    size_t panel = tile - tile % panel_tiles;
    if (panel_tiles > tile_total - panel) panel_tiles = tile_total - panel;
    size_t place = tile % bn_avx512_block_tiles;
    size_t rest = step_count - begin;
    size_t chunk_steps = rest < chunk_steps_max ? rest : chunk_steps_max;
    return panel * step_count + begin * panel_tiles + (tile - place - panel) * chunk_steps + place;
}

static inline size_t bn_avx512_offset(size_t tile, size_t tile_total, size_t begin, size_t step_count) {
    return bn_avx512_step_bytes *
           bn_avx512_steps_before(tile, tile_total, begin, step_count, bn_avx512_chunk_steps);
}

// Tiles of the block that `tile` is in.
static inline size_t bn_avx512_block_size(size_t tile, size_t tile_total) {
    size_t rest = tile_total - tile / bn_avx512_block_tiles * bn_avx512_block_tiles;
    return rest < bn_avx512_block_tiles ? rest : (size_t)bn_avx512_block_tiles;
}

// Weight i of the balanced ternary number `magnitude` (0 ... 121).
static inline int bn_avx512_weight(int magnitude, int i) {
    int rest = magnitude + 121;
    for (; i > 0; i--) rest /= 3;
    return rest % 3 - 1;
}

// The steps of one tile in one chunk.
typedef struct {
    const uint8_t *steps;
    size_t stride;  // bytes from one to the next
    size_t count;
    size_t block_size;  // tiles of the tile's block
} bn_avx512_part;

// Of tile `i` of `span`, the chunk that begins at step `begin`.
static inline bn_avx512_part bn_avx512_part_of(const bn_tile_span *span, size_t i, size_t begin) {
    size_t tile = span->first_tile + i;
    size_t step_count = bn_avx512_step_count(span->columns);
    size_t rest = step_count - begin;
    size_t block_size = bn_avx512_block_size(tile, span->tile_total);
    return (bn_avx512_part){
        .steps = span->tiles + bn_avx512_offset(tile, span->tile_total, begin, step_count),
        .stride = bn_avx512_step_bytes * block_size,
        .count = rest < bn_avx512_chunk_steps ? rest : (size_t)bn_avx512_chunk_steps,
        .block_size = block_size,
    };
}

// ternary_avx512_add_only.c and ternary_avx512_dot.c, as in bn_product_kernel.
enum {
    bn_avx512_add_only_tiles = bn_avx512_panel_tiles,
    bn_avx512_add_only_tokens = 16,
    bn_avx512_dot_tiles = bn_avx512_panel_tiles,
    bn_avx512_dot_tokens = 128,
};

size_t bn_avx512_tables_byte_count(size_t columns);
void bn_avx512_arrange_tables(uint8_t *restrict out, const int8_t *restrict codes, size_t columns);
void bn_avx512_add_only(
    int32_t *restrict sums, size_t sums_stride, const bn_tile_span *span,
    const uint8_t *restrict activations, size_t activations_stride, const int32_t *restrict code_sums,
    size_t tokens);

size_t bn_avx512_quads_byte_count(size_t columns);
void bn_avx512_arrange_quads(uint8_t *restrict out, const int8_t *restrict codes, size_t columns);
void bn_avx512_dot(
    int32_t *restrict sums, size_t sums_stride, const bn_tile_span *span,
    const uint8_t *restrict activations, size_t activations_stride, const int32_t *restrict code_sums,
    size_t tokens);

#endif
