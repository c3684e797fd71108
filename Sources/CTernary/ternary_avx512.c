// SPDX-License-Identifier: MIT
//
// AVX-512 layout, 1.6 bits a weight: tiles of 64 rows, one vector of 64 bytes for every group of five
// columns, byte r for row r. A byte is its T5 value less 121, which is the balanced ternary number of its
// five weights, -121 ... 121, as sign (top bit) and magnitude.
//
// One token: the magnitude indexes a table of 128 sums of the group's codes, by vpermi2b for all 64 rows at
// once; the sign negates what comes out. A batch: four groups' bytes are transposed and spread to weights + 1
// once for all tokens, in the order vpdpbusd wants: four bytes a row.
#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#include "kernels.h"
#include "t5.h"
#include "target.h"

enum {
    tile_rows = 64,
    piece_tiles = 2,
    group_columns = 5,
    step_groups = 4,
    step_columns = step_groups * group_columns,
};

static size_t step_count_of(size_t columns) { return bn_ceil_divide(columns, step_columns); }

// Groups come in fours, the last of them zero weights.
static size_t tile_byte_count(size_t columns) { return tile_rows * step_groups * step_count_of(columns); }

static void pack_tile(
    uint8_t *restrict tile, const uint8_t *restrict t5, size_t t5_stride, size_t row_count, size_t columns) {
    uint8_t codes[bn_t5_count];
    for (int value = 0; value < bn_t5_count; value++) {
        int balanced = value - 121;
        codes[value] = (uint8_t)(balanced < 0 ? 0x80 | -balanced : balanced);
    }
    size_t byte_count = bn_ceil_divide(columns, group_columns);
    for (size_t group = 0; group < byte_count; group++) {
        for (size_t r = 0; r < row_count; r++) {
            tile[group * tile_rows + r] = codes[t5[r * t5_stride + group]];
        }
    }
}

// Weight i of the balanced ternary number `magnitude` (0 ... 121).
static int weight_of(int magnitude, int i) {
    int rest = magnitude + 121;
    for (; i > 0; i--) rest /= 3;
    return rest % 3 - 1;
}

BN_TARGET_BEGIN("avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vnni")

#define BN_INLINE static inline __attribute__((always_inline))

BN_INLINE __m512i load(const void *from) { return _mm512_loadu_si512(from); }

// ---- One token ------------------------------------------------------------------------------------------

// A sum v = -635 ... 635 is 127·high + low with low = 0 ... 126. Then -v is 127·(-1 - high) + (127 - low):
// both parts of the negated sum are as small as those of the sum.
enum {
    table_entries = 128,
    group_table_bytes = 2 * table_entries,
    // In a chunk a row's sum is at most 20 · 635 and its high part fits a byte: 20 · 6 < 128.
    chunk_groups = 20,
};

static size_t tables_byte_count(size_t columns) {
    return group_table_bytes * bn_ceil_divide(columns, group_columns);
}

// For each weight of a group: which of 32 consecutive magnitudes have it at +1, and at -1.
typedef struct {
    __mmask32 plus[group_columns], minus[group_columns];
} entry_masks;

BN_INLINE __m512i sum_entries(const entry_masks *masks, const int8_t *codes) {
    __m512i sum = _mm512_setzero_si512();
    for (size_t i = 0; i < group_columns; i++) {
        __m512i code = _mm512_set1_epi16(codes[i]);
        sum = _mm512_mask_add_epi16(sum, masks->plus[i], sum, code);
        sum = _mm512_mask_sub_epi16(sum, masks->minus[i], sum, code);
    }
    return sum;
}

static void arrange_tables(uint8_t *restrict out, const int8_t *restrict codes, size_t columns) {
    enum { parts = 4, part_entries = table_entries / parts };
    entry_masks masks[parts] = {0};
    for (int magnitude = 0; magnitude <= 121; magnitude++) {
        entry_masks *part = &masks[magnitude / part_entries];
        __mmask32 bit = (__mmask32)1 << (magnitude % part_entries);
        for (int i = 0; i < group_columns; i++) {
            int weight = weight_of(magnitude, i);
            if (weight > 0) part->plus[i] |= bit;
            if (weight < 0) part->minus[i] |= bit;
        }
    }
    size_t group_count = bn_ceil_divide(columns, group_columns);
    for (size_t g = 0; g < group_count; g++) {
        uint8_t *table = out + g * group_table_bytes;
        for (size_t part = 0; part < parts; part++) {
            __m512i sum = sum_entries(&masks[part], codes + g * group_columns);
            // n = 0 ... 1270; n div 127 = (n + n div 128 + 1) div 128.
            __m512i n = _mm512_add_epi16(sum, _mm512_set1_epi16(635));
            __m512i next = _mm512_add_epi16(_mm512_srli_epi16(n, 7), _mm512_set1_epi16(1));
            __m512i quotient = _mm512_srli_epi16(_mm512_add_epi16(n, next), 7);
            __m512i product = _mm512_sub_epi16(_mm512_slli_epi16(quotient, 7), quotient);
            __m512i low = _mm512_sub_epi16(n, product);
            __m512i high = _mm512_sub_epi16(quotient, _mm512_set1_epi16(5));
            uint8_t *entries = table + part * part_entries;
            _mm256_storeu_si256((__m256i *)entries, _mm512_cvtepi16_epi8(low));
            _mm256_storeu_si256((__m256i *)(entries + table_entries), _mm512_cvtepi16_epi8(high));
        }
    }
}

// The running sums of one tile over a chunk; as in the AVX2 kernel.
typedef struct {
    __m512i words, odd, high;
} table_sums;

typedef struct {
    __m512i low[2], high[2];
} group_table;

BN_INLINE group_table load_table(const uint8_t *table) {
    return (group_table){
        .low = {load(table), load(table + 64)},
        .high = {load(table + 128), load(table + 192)},
    };
}

// Looks up one group of 64 rows; returns the low parts, adds the high ones.
BN_INLINE __m512i look_up(table_sums *sums, const uint8_t *weights, const group_table *table) {
    __m512i codes = load(weights);
    __mmask64 is_negative = _mm512_movepi8_mask(codes);
    __m512i low = _mm512_permutex2var_epi8(table->low[0], codes, table->low[1]);
    __m512i high = _mm512_permutex2var_epi8(table->high[0], codes, table->high[1]);
    low = _mm512_mask_sub_epi8(low, is_negative, _mm512_set1_epi8(127), low);
    high = _mm512_mask_sub_epi8(high, is_negative, _mm512_set1_epi8(-1), high);
    sums->high = _mm512_add_epi8(sums->high, high);
    return low;
}

BN_INLINE void add_low(table_sums *sums, __m512i low) {
    sums->words = _mm512_add_epi16(sums->words, low);
    sums->odd = _mm512_add_epi16(sums->odd, _mm512_srli_epi16(low, 8));
}

// rows[0 ..< 64] += the 16-bit sums of the even and of the odd rows.
BN_INLINE void add_to_rows(int32_t *rows, __m512i even, __m512i odd) {
    // In each 128-bit lane the first four words of both, then the last four: rows 8·j ... 8·j + 7.
    __m512i first = _mm512_unpacklo_epi16(even, odd);
    __m512i second = _mm512_unpackhi_epi16(even, odd);
    __m512i low = _mm512_permutex2var_epi64(first, _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11), second);
    __m512i high = _mm512_permutex2var_epi64(first, _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15), second);
    __m256i parts[4] = {
        _mm512_castsi512_si256(low),
        _mm512_extracti64x4_epi64(low, 1),
        _mm512_castsi512_si256(high),
        _mm512_extracti64x4_epi64(high, 1),
    };
    for (size_t i = 0; i < 4; i++) {
        int32_t *at = rows + 16 * i;
        _mm512_storeu_si512(at, _mm512_add_epi32(load(at), _mm512_cvtepi16_epi32(parts[i])));
    }
}

BN_INLINE __m512i multiply_by_127(__m512i words) {
    return _mm512_sub_epi16(_mm512_slli_epi16(words, 7), words);
}

BN_INLINE void add_table_sums(int32_t *rows, const table_sums *sums) {
    __m512i even_high = _mm512_srai_epi16(_mm512_slli_epi16(sums->high, 8), 8);
    __m512i odd_high = _mm512_srai_epi16(sums->high, 8);
    __m512i even_low = _mm512_sub_epi16(sums->words, _mm512_slli_epi16(sums->odd, 8));
    __m512i even = _mm512_add_epi16(even_low, multiply_by_127(even_high));
    __m512i odd = _mm512_add_epi16(sums->odd, multiply_by_127(odd_high));
    add_to_rows(rows, even, odd);
}

// `tile_count` (a constant) tiles side by side: each is a stream of its own to the memory.
BN_INLINE void look_up_tiles(
    int32_t *restrict sums, const uint8_t *restrict tiles, size_t tile_count, size_t columns,
    const uint8_t *restrict tables) {
    size_t group_count = bn_ceil_divide(columns, group_columns);
    size_t tile_bytes = tile_byte_count(columns);
    memset(sums, 0, tile_count * tile_rows * sizeof(int32_t));
    for (size_t begin = 0; begin < group_count; begin += chunk_groups) {
        size_t end = group_count - begin < chunk_groups ? group_count : begin + chunk_groups;
        table_sums chunk[piece_tiles] = {0};
        size_t g = begin;
        // Two groups' low parts, up to 254, are added in a byte before they are widened.
        for (; g + 2 <= end; g += 2) {
            group_table first = load_table(tables + g * group_table_bytes);
            group_table second = load_table(tables + (g + 1) * group_table_bytes);
            for (size_t i = 0; i < tile_count; i++) {
                const uint8_t *weights = tiles + i * tile_bytes + g * tile_rows;
                __m512i low = look_up(&chunk[i], weights, &first);
                low = _mm512_add_epi8(low, look_up(&chunk[i], weights + tile_rows, &second));
                add_low(&chunk[i], low);
            }
        }
        if (g < end) {
            group_table last = load_table(tables + g * group_table_bytes);
            for (size_t i = 0; i < tile_count; i++) {
                const uint8_t *weights = tiles + i * tile_bytes + g * tile_rows;
                add_low(&chunk[i], look_up(&chunk[i], weights, &last));
            }
        }
        for (size_t i = 0; i < tile_count; i++) add_table_sums(sums + i * tile_rows, &chunk[i]);
    }
}

static void multiply_add_only(
    int32_t *restrict sums, size_t sums_stride, const uint8_t *restrict tiles, size_t tile_count,
    size_t columns, const uint8_t *restrict activations, size_t activations_stride,
    const int32_t *restrict code_sums, size_t tokens) {
    (void)code_sums;
    for (size_t t = 0; t < tokens; t++) {
        int32_t *rows = sums + t * sums_stride;
        const uint8_t *tables = activations + t * activations_stride;
        if (tile_count == piece_tiles) {
            look_up_tiles(rows, tiles, piece_tiles, columns, tables);
        } else {
            look_up_tiles(rows, tiles, 1, columns, tables);
        }
    }
}

// ---- Batches --------------------------------------------------------------------------------------------

enum { quad_bytes = 4, step_quads_bytes = group_columns * quad_bytes };

static size_t quads_byte_count(size_t columns) { return step_quads_bytes * step_count_of(columns); }

// For each step and i = 0 ... 4: the codes of column i of the step's four groups.
static void arrange_quads(uint8_t *restrict out, const int8_t *restrict codes, size_t columns) {
    size_t step_count = step_count_of(columns);
    for (size_t step = 0; step < step_count; step++) {
        for (size_t i = 0; i < group_columns; i++) {
            for (size_t group = 0; group < step_groups; group++) {
                int8_t code = codes[step * step_columns + group * group_columns + i];
                *out++ = (uint8_t)code;
            }
        }
    }
}

// Two tables from a magnitude: weights 0 ... 3, two bits each, and weight 4, all + 1.
typedef struct {
    uint8_t low[table_entries], high[table_entries];
} weight_tables;

static void make_weight_tables(weight_tables *tables) {
    for (int magnitude = 0; magnitude < table_entries; magnitude++) {
        int low = 0;
        for (int i = 0; i < 4; i++) low |= (weight_of(magnitude, i) + 1) << (2 * i);
        tables->low[magnitude] = (uint8_t)low;
        tables->high[magnitude] = (uint8_t)(weight_of(magnitude, 4) + 1);
    }
}

enum { chunk_steps = 16, row_vectors = 4 };

// A chunk of one tile with every weight + 1 in a byte of its own: vector j of weight i of a step holds four
// bytes (one for each group) of the rows 16·k + 4·j ... 16·k + 4·j + 3 in its 128-bit lane k.
typedef struct {
    __m512i vectors[chunk_steps][group_columns][row_vectors];
} spread_chunk;

BN_INLINE void transpose(__m512i out[row_vectors], const __m512i groups[step_groups]) {
    __m512i a = _mm512_unpacklo_epi8(groups[0], groups[1]);
    __m512i b = _mm512_unpackhi_epi8(groups[0], groups[1]);
    __m512i c = _mm512_unpacklo_epi8(groups[2], groups[3]);
    __m512i d = _mm512_unpackhi_epi8(groups[2], groups[3]);
    out[0] = _mm512_unpacklo_epi16(a, c);
    out[1] = _mm512_unpackhi_epi16(a, c);
    out[2] = _mm512_unpacklo_epi16(b, d);
    out[3] = _mm512_unpackhi_epi16(b, d);
}

BN_INLINE void spread_step(
    __m512i to[group_columns][row_vectors], const uint8_t *weights, const weight_tables *tables) {
    __m512i low[step_groups], high[step_groups], spread[row_vectors];
    for (size_t group = 0; group < step_groups; group++) {
        __m512i codes = load(weights + group * tile_rows);
        __mmask64 is_negative = _mm512_movepi8_mask(codes);
        __m512i l = _mm512_permutex2var_epi8(load(tables->low), codes, load(tables->low + 64));
        __m512i h = _mm512_permutex2var_epi8(load(tables->high), codes, load(tables->high + 64));
        // A weight negated is 2 less its code, in every pair of bits.
        low[group] = _mm512_mask_sub_epi8(l, is_negative, _mm512_set1_epi8((char)0xaa), l);
        high[group] = _mm512_mask_sub_epi8(h, is_negative, _mm512_set1_epi8(2), h);
    }
    const __m512i code = _mm512_set1_epi8(3);
    transpose(spread, low);
    for (size_t j = 0; j < row_vectors; j++) {
        to[0][j] = _mm512_and_si512(spread[j], code);
        to[1][j] = _mm512_and_si512(_mm512_srli_epi16(spread[j], 2), code);
        to[2][j] = _mm512_and_si512(_mm512_srli_epi16(spread[j], 4), code);
        to[3][j] = _mm512_and_si512(_mm512_srli_epi16(spread[j], 6), code);
    }
    transpose(to[4], high);
}

BN_INLINE __m512i load_quad(const uint8_t *from) {
    int32_t quad;
    memcpy(&quad, from, sizeof quad);
    return _mm512_set1_epi32(quad);
}

// sums[t][row] += Σ (weight + 1)·code over the chunk, for `tokens` (a constant) tokens.
BN_INLINE void add_chunk(
    int32_t *restrict sums, size_t sums_stride, const spread_chunk *chunk, size_t step_count,
    const uint8_t *restrict quads, size_t quads_stride, size_t tokens) {
    __m512i totals[4][row_vectors] = {0};
    for (size_t step = 0; step < step_count; step++) {
        for (size_t i = 0; i < group_columns; i++) {
            const __m512i *weights = chunk->vectors[step][i];
            for (size_t t = 0; t < tokens; t++) {
                const uint8_t *at = quads + t * quads_stride + step * step_quads_bytes + i * quad_bytes;
                __m512i codes = load_quad(at);
                for (size_t j = 0; j < row_vectors; j++) {
                    totals[t][j] = _mm512_dpbusd_epi32(totals[t][j], weights[j], codes);
                }
            }
        }
    }
    for (size_t t = 0; t < tokens; t++) {
        for (size_t j = 0; j < row_vectors; j++) {
            __m128i lanes[4] = {
                _mm512_castsi512_si128(totals[t][j]),
                _mm512_extracti32x4_epi32(totals[t][j], 1),
                _mm512_extracti32x4_epi32(totals[t][j], 2),
                _mm512_extracti32x4_epi32(totals[t][j], 3),
            };
            for (size_t k = 0; k < 4; k++) {
                __m128i *rows = (__m128i *)(sums + t * sums_stride + 16 * k + 4 * j);
                _mm_storeu_si128(rows, _mm_add_epi32(_mm_loadu_si128(rows), lanes[k]));
            }
        }
    }
}

static void multiply_dot(
    int32_t *restrict sums, size_t sums_stride, const uint8_t *restrict tiles, size_t tile_count,
    size_t columns, const uint8_t *restrict activations, size_t activations_stride,
    const int32_t *restrict code_sums, size_t tokens) {
    weight_tables tables;
    make_weight_tables(&tables);
    size_t step_count = step_count_of(columns);
    // Weights are + 1 in the products: start from what that adds.
    for (size_t t = 0; t < tokens; t++) {
        for (size_t r = 0; r < tile_count * tile_rows; r++) sums[t * sums_stride + r] = -code_sums[t];
    }
    for (size_t tile = 0; tile < tile_count; tile++) {
        const uint8_t *weights = tiles + tile * tile_byte_count(columns);
        int32_t *rows = sums + tile * tile_rows;
        for (size_t begin = 0; begin < step_count; begin += chunk_steps) {
            size_t count = step_count - begin < chunk_steps ? step_count - begin : chunk_steps;
            spread_chunk chunk;
            for (size_t step = 0; step < count; step++) {
                const uint8_t *at = weights + (begin + step) * step_groups * tile_rows;
                spread_step(chunk.vectors[step], at, &tables);
            }
            const uint8_t *quads = activations + begin * step_quads_bytes;
            size_t t = 0;
            for (; t + 4 <= tokens; t += 4) {
                add_chunk(
                    rows + t * sums_stride, sums_stride, &chunk, count, quads + t * activations_stride,
                    activations_stride, 4);
            }
            for (; t + 2 <= tokens; t += 2) {
                add_chunk(
                    rows + t * sums_stride, sums_stride, &chunk, count, quads + t * activations_stride,
                    activations_stride, 2);
            }
            if (t < tokens) {
                add_chunk(
                    rows + t * sums_stride, sums_stride, &chunk, count, quads + t * activations_stride,
                    activations_stride, 1);
            }
        }
    }
}

BN_TARGET_END

const bn_ternary_kernels bn_ternary_avx512 = {
    .tile_rows = tile_rows,
    .tile_byte_count = tile_byte_count,
    .pack_tile = pack_tile,
    .add_only = {piece_tiles, 64, tables_byte_count, arrange_tables, multiply_add_only},
    .dot = {piece_tiles, 64, quads_byte_count, arrange_quads, multiply_dot},
};

#else
typedef int bn_ternary_avx512_is_for_x86;
#endif
