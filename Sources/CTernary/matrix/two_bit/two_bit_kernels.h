// SPDX-License-Identifier: MIT
//
// Products of two-bit tiles, written once: each instruction set's file includes this and defines what
// two_bit_vectors.h declares.
//
// Add-only: a nibble (two columns) indexes a table of 16 sums of that pair's codes, for all rows at once.
//
// Dot product: the vectors of `step_groups` groups are interleaved, so that bytes which a multiply-add sums
// belong to one row, and the four digits of each byte are told apart. For few tokens that happens in
// registers, for many a chunk is spread once into the first-level cache.
//
// All sums are of 16 bits (unless the instruction gives 32) over a chunk of columns, which cannot overflow,
// and of 32 bits over chunks.
#ifndef C_TERNARY_TWO_BIT_KERNELS_H
#define C_TERNARY_TWO_BIT_KERNELS_H

#include "kernels.h"
#include "matrix/two_bit/two_bit_layout.h"
#include "matrix/two_bit/two_bit_vectors.h"

BN_KERNELS_BEGIN

enum {
    // Tiles side by side.
    piece_tiles = 4,
    // In a chunk a row's sum is at most 128 · 127 = 16256, doubled with weights + 1, which are up to 2.
    chunk_groups = 32,
    cache_line_bytes = 64,
};

// What stands prefetch_bytes behind `offset`, in this tile or the next, once for each line of the cache.
BN_INLINE void prefetch(const uint8_t *tile, size_t offset, size_t byte_count) {
    if (prefetch_bytes == 0 || offset % cache_line_bytes != 0) return;
    const uint8_t *at = tile + offset + prefetch_bytes;
    for (size_t i = 0; i < byte_count; i += cache_line_bytes) __builtin_prefetch(at + i);
}

// ---- Additions only -------------------------------------------------------------------------------------

// Each pair of columns has two tables of 16: a sum v = -254 ... 254 as v mod 128 and v div 128.
enum { table_bytes = 16, group_table_bytes = 4 * table_bytes };

static size_t tables_byte_count(size_t columns) { return group_table_bytes * group_count_of(columns); }

typedef int16_t table_words __attribute__((vector_size(2 * table_bytes)));
typedef int8_t table_entries __attribute__((vector_size(table_bytes)));

// Entry i is for the weights i mod 4 - 1 and i div 4 - 1.
static void arrange_tables(uint8_t *restrict out, const int8_t *restrict codes, size_t columns) {
    const table_words plus = {0, 0, -1, 0, 0, 0, -1, 0, 0, 0, -1, 0, 0, 0, 0, 0};
    const table_words minus = {-1, 0, 0, 0, -1, 0, 0, 0, -1, 0, 0, 0, 0, 0, 0, 0};
    const table_words next_plus = {0, 0, 0, 0, 0, 0, 0, 0, -1, -1, -1, 0, 0, 0, 0, 0};
    const table_words next_minus = {-1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    size_t pair_count = 2 * group_count_of(columns);
    for (size_t pair = 0; pair < pair_count; pair++) {
        int16_t code = codes[2 * pair], next = codes[2 * pair + 1];
        table_words sum = (plus & code) - (minus & code) + (next_plus & next) - (next_minus & next);
        table_entries parts[2] = {
            __builtin_convertvector(sum & 127, table_entries),
            __builtin_convertvector(sum >> 7, table_entries),
        };
        memcpy(out + 2 * table_bytes * pair, parts, sizeof parts);
    }
}

// The running sums of one tile over a chunk. Low parts of two pairs, up to 254, are added as words and their
// upper bytes once more by themselves, so that even and odd rows can be told apart at the end; high parts,
// -4 ... 2 a group, stay in bytes.
typedef struct {
    words both, odd;
    bytes high;
} table_sums;

BN_INLINE void look_up_group(table_sums *sums, const uint8_t *weights, const bytes tables[4]) {
    bytes pairs = load_bytes(weights);
    bytes first = pairs & 15;
    bytes second = (bytes)((words)pairs >> 4) & 15;
    bytes low = look_up(tables[0], first) + look_up(tables[2], second);
    bytes high = look_up(tables[1], first) + look_up(tables[3], second);
    sums->both += (words)low;
    sums->odd += (words)low >> 8;
    sums->high += high;
}

BN_INLINE void add_table_sums(int32_t *rows, const table_sums *sums) {
    words even_high = (words)((signed_words)((words)sums->high << 8) >> 8);
    words odd_high = (words)((signed_words)sums->high >> 8);
    words even = sums->both - (sums->odd << 8) + (even_high << 7);
    words odd = sums->odd + (odd_high << 7);
    add_words(rows, interleave_words_low(even, odd), interleave_words_high(even, odd));
}

// `group_count` groups of `tile_count` (a constant) tiles side by side, `tile_bytes` apart, so that a table is loaded
// once for all and each tile is a stream of its own to the memory.
BN_INLINE void look_up_tiles(
    int32_t *restrict sums, const uint8_t *restrict weights, size_t tile_bytes, size_t tile_count,
    size_t group_count, const uint8_t *restrict tables) {
    memset(sums, 0, tile_count * tile_rows * sizeof(int32_t));
    for (size_t begin = 0; begin < group_count; begin += chunk_groups) {
        size_t end = group_count - begin < chunk_groups ? group_count : begin + chunk_groups;
        table_sums chunk[piece_tiles] = {0};
        for (size_t g = begin; g < end; g++) {
            bytes group_tables[4];
            for (size_t i = 0; i < 4; i++) {
                group_tables[i] = load_table(tables + g * group_table_bytes + i * table_bytes);
            }
            for (size_t i = 0; i < tile_count; i++) {
                const uint8_t *tile = weights + i * tile_bytes;
                prefetch(tile, g * tile_rows, tile_rows);
                look_up_group(&chunk[i], tile + g * tile_rows, group_tables);
            }
        }
        for (size_t i = 0; i < tile_count; i++) add_table_sums(sums + i * tile_rows, &chunk[i]);
    }
}

static void multiply_add_only(
    int32_t *restrict sums, size_t sums_stride, const bn_tile_span *span,
    const uint8_t *restrict activations, size_t activations_stride, const int32_t *restrict code_sums,
    size_t tokens) {
    size_t columns = span->columns, tile_count = span->tile_count;
    const uint8_t *tiles = span->tiles + span->first_tile * tile_byte_count(columns);
    (void)code_sums;
    size_t tile_bytes = tile_byte_count(columns);
    for (size_t t = 0; t < tokens; t++) {
        int32_t *rows = sums + t * sums_stride;
        const uint8_t *tables = activations + t * activations_stride;
        if (tile_count == piece_tiles) {
            look_up_tiles(rows, tiles, tile_bytes, piece_tiles, group_count_of(columns), tables);
            continue;
        }
        for (size_t i = 0; i < tile_count; i++) {
            look_up_tiles(
                rows + i * tile_rows, tiles + i * tile_bytes, tile_bytes, 1, group_count_of(columns), tables);
        }
    }
}

// ---- Dot products ---------------------------------------------------------------------------------------

enum {
    digits = 4,
    step_columns = step_groups * group_columns,
    step_bytes = step_groups * tile_rows,
    step_codes_bytes = digits * code_bytes,
    chunk_steps = chunk_groups / step_groups,
    block_tokens = 4,
};

static size_t codes_byte_count(size_t columns) {
    return step_codes_bytes * bn_ceil_divide(columns, step_columns);
}

// For each step and digit the codes of that column of the step's groups, repeated up to code_bytes.
static void arrange_codes(uint8_t *restrict out, const int8_t *restrict codes, size_t columns) {
    for (size_t begin = 0; begin < columns; begin += step_columns) {
        for (size_t digit = 0; digit < digits; digit++) {
            for (size_t i = 0; i < code_bytes; i++) {
                *out++ = (uint8_t)codes[begin + i % step_groups * group_columns + digit];
            }
        }
    }
}

// The weights + 1 of a step of one tile, each in a byte of its own.
typedef struct {
    bytes vectors[digits][step_groups];
} spread_step;

BN_INLINE void spread(spread_step *to, const uint8_t *weights) {
    bytes groups[step_groups];
    for (size_t i = 0; i < step_groups; i++) groups[i] = load_bytes(weights + i * tile_rows);
    interleave(groups, step_groups);
    for (size_t digit = 0; digit < digits; digit++) {
        for (size_t i = 0; i < step_groups; i++) {
            to->vectors[digit][i] = (bytes)((words)groups[i] >> (uint16_t)(2 * digit)) & 3;
        }
    }
}

BN_INLINE bytes load_codes(const uint8_t *from) {
    if (code_bytes == 1) return (bytes){0} + *from;
    uint32_t codes;
    memcpy(&codes, from, sizeof codes);
    return (bytes)((double_words){0} + codes);
}

// `tokens` is a constant.
BN_INLINE void multiply_step(
    dot_sums sums[block_tokens][step_groups], const spread_step *step, const uint8_t *codes,
    size_t codes_stride, size_t tokens) {
    for (size_t digit = 0; digit < digits; digit++) {
        for (size_t t = 0; t < tokens; t++) {
            bytes token_codes = load_codes(codes + t * codes_stride + digit * code_bytes);
            for (size_t i = 0; i < step_groups; i++) {
                sums[t][i] = multiply_add(sums[t][i], step->vectors[digit][i], token_codes);
            }
        }
    }
}

// `tile_count` tiles side by side with `tokens` tokens, both constants: nothing leaves the registers.
BN_INLINE void multiply_few(
    int32_t *restrict sums, size_t sums_stride, const uint8_t *restrict tiles, size_t tile_count,
    size_t columns, const uint8_t *restrict codes, size_t codes_stride, size_t tokens) {
    size_t step_count = bn_ceil_divide(columns, step_columns);
    size_t tile_bytes = tile_byte_count(columns);
    for (size_t begin = 0; begin < step_count; begin += chunk_steps) {
        size_t end = step_count - begin < chunk_steps ? step_count : begin + chunk_steps;
        dot_sums chunk[piece_tiles][block_tokens][step_groups] = {0};
        for (size_t step = begin; step < end; step++) {
            for (size_t i = 0; i < tile_count; i++) {
                const uint8_t *tile = tiles + i * tile_bytes;
                prefetch(tile, step * step_bytes, step_bytes);
                spread_step weights;
                spread(&weights, tile + step * step_bytes);
                multiply_step(chunk[i], &weights, codes + step * step_codes_bytes, codes_stride, tokens);
            }
        }
        for (size_t i = 0; i < tile_count; i++) {
            for (size_t t = 0; t < tokens; t++) {
                add_dot_sums(sums + t * sums_stride + i * tile_rows, chunk[i][t]);
            }
        }
    }
}

// sums[t][row] += Σ (weight + 1)·code over a chunk that is spread, for `tokens` (a constant) tokens.
BN_INLINE void multiply_spread(
    int32_t *restrict sums, size_t sums_stride, const spread_step *steps, size_t step_count,
    const uint8_t *restrict codes, size_t codes_stride, size_t tokens) {
    dot_sums chunk[block_tokens][step_groups] = {0};
    for (size_t step = 0; step < step_count; step++) {
        multiply_step(chunk, &steps[step], codes + step * step_codes_bytes, codes_stride, tokens);
    }
    for (size_t t = 0; t < tokens; t++) add_dot_sums(sums + t * sums_stride, chunk[t]);
}

static void multiply_many(
    int32_t *restrict sums, size_t sums_stride, const uint8_t *restrict tiles, size_t tile_count,
    size_t columns, const uint8_t *restrict codes, size_t codes_stride, size_t tokens) {
    size_t step_count = bn_ceil_divide(columns, step_columns);
    size_t tile_bytes = tile_byte_count(columns);
    spread_step steps[chunk_steps];
    for (size_t begin = 0; begin < step_count; begin += chunk_steps) {
        size_t count = step_count - begin < chunk_steps ? step_count - begin : chunk_steps;
        const uint8_t *chunk_codes = codes + begin * step_codes_bytes;
        for (size_t i = 0; i < tile_count; i++) {
            const uint8_t *weights = tiles + i * tile_bytes + begin * step_bytes;
            for (size_t step = 0; step < count; step++) {
                spread(&steps[step], weights + step * step_bytes);
            }
            int32_t *rows = sums + i * tile_rows;
            size_t t = 0;
            for (; t + block_tokens <= tokens; t += block_tokens) {
                multiply_spread(
                    rows + t * sums_stride, sums_stride, steps, count, chunk_codes + t * codes_stride,
                    codes_stride, block_tokens);
            }
            for (; t < tokens; t++) {
                multiply_spread(
                    rows + t * sums_stride, sums_stride, steps, count, chunk_codes + t * codes_stride,
                    codes_stride, 1);
            }
        }
    }
}

// Up to block_tokens tokens. One or two leave registers for several tiles side by side.
static void multiply_in_registers(
    int32_t *restrict sums, size_t sums_stride, const uint8_t *restrict tiles, size_t tile_count,
    size_t columns, const uint8_t *restrict codes, size_t codes_stride, size_t tokens) {
    if (tokens == 1 && tile_count == piece_tiles) {
        multiply_few(sums, sums_stride, tiles, piece_tiles, columns, codes, codes_stride, 1);
        return;
    }
    size_t tile = 0;
    if (tokens <= 2) {
        for (; tile + 2 <= tile_count; tile += 2) {
            int32_t *rows = sums + tile * tile_rows;
            const uint8_t *weights = tiles + tile * tile_byte_count(columns);
            if (tokens == 1) {
                multiply_few(rows, sums_stride, weights, 2, columns, codes, codes_stride, 1);
            } else {
                multiply_few(rows, sums_stride, weights, 2, columns, codes, codes_stride, 2);
            }
        }
    }
    for (; tile < tile_count; tile++) {
        int32_t *rows = sums + tile * tile_rows;
        const uint8_t *weights = tiles + tile * tile_byte_count(columns);
        switch (tokens) {
        case 1: multiply_few(rows, sums_stride, weights, 1, columns, codes, codes_stride, 1); break;
        case 2: multiply_few(rows, sums_stride, weights, 1, columns, codes, codes_stride, 2); break;
        case 3: multiply_few(rows, sums_stride, weights, 1, columns, codes, codes_stride, 3); break;
        default: multiply_few(rows, sums_stride, weights, 1, columns, codes, codes_stride, 4); break;
        }
    }
}

static void multiply_dot(
    int32_t *restrict sums, size_t sums_stride, const bn_tile_span *span,
    const uint8_t *restrict activations, size_t activations_stride, const int32_t *restrict code_sums,
    size_t tokens) {
    size_t columns = span->columns, tile_count = span->tile_count;
    const uint8_t *tiles = span->tiles + span->first_tile * tile_byte_count(columns);
    // Weights are + 1 in the products: start from what that adds.
    for (size_t t = 0; t < tokens; t++) {
        for (size_t r = 0; r < tile_count * tile_rows; r++) sums[t * sums_stride + r] = -code_sums[t];
    }
    if (tokens > register_tokens) {
        multiply_many(sums, sums_stride, tiles, tile_count, columns, activations, activations_stride, tokens);
        return;
    }
    for (size_t t = 0; t < tokens; t += block_tokens) {
        multiply_in_registers(
            sums + t * sums_stride, sums_stride, tiles, tile_count, columns,
            activations + t * activations_stride, activations_stride,
            tokens - t < block_tokens ? tokens - t : block_tokens);
    }
}

BN_KERNELS_END

#define BN_TWO_BIT_KERNELS                                                                              \
    {                                                                                                   \
        .tile_rows = tile_rows, .block_tiles = piece_tiles, .tile_byte_count = tile_byte_count,         \
        .pack_tile = pack_tile,                                                                         \
        .add_only = {piece_tiles, tokens_max, tables_byte_count, arrange_tables, multiply_add_only},    \
        .dot = {piece_tiles, tokens_max, codes_byte_count, arrange_codes, multiply_dot},                \
        .grouped = &grouped,                                                                            \
    }

_Static_assert(piece_tiles * tile_rows * tokens_max <= bn_sums_max, "sums stand on the caller's stack");
_Static_assert(bn_span_columns % step_columns == 0, "spans of codes are whole steps");

#endif
