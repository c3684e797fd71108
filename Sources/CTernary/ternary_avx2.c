// SPDX-License-Identifier: MIT
//
// AVX2 layout, two bits a weight: tiles of 32 rows, one vector of 32 bytes for every group of four columns;
// byte r holds row r's four weights + 1 from its low bits up.
//
// One token: a nibble (two columns) indexes a table of 16 sums of that pair's codes, by vpshufb for all 32
// rows at once. A batch: weights are spread out to bytes once for all tokens, then vpmaddubsw. Both add in 16
// bits over a chunk of 32 groups, which cannot overflow, and in 32 bits over chunks.
#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#include "kernels.h"
#include "t5.h"
#include "target.h"

enum {
    tile_rows = 32,
    piece_tiles = 2,
    group_columns = 4,
    // In a chunk a row's sum is at most 128 · 127 = 16256, doubled in a batch: weights + 1 are up to 2.
    chunk_groups = 32,
};

static size_t group_count_of(size_t columns) { return bn_ceil_divide(columns, group_columns); }

static size_t tile_byte_count(size_t columns) { return tile_rows * group_count_of(columns); }

// Four T5 bytes hold twenty weights, forty bits, five groups.
enum { pack_bytes = 4, pack_groups = 5 };

static inline uint64_t bits_of(const uint16_t *digits, const uint8_t *t5, size_t byte_count) {
    uint64_t bits = 0;
    for (size_t j = 0; j < byte_count; j++) bits |= (uint64_t)digits[t5[j]] << (10 * j);
    return bits;
}

static inline void put_groups(uint8_t *tile, uint64_t bits, size_t group_count) {
    for (size_t j = 0; j < group_count; j++) tile[j * tile_rows] = (uint8_t)(bits >> (8 * j));
}

static void pack_tile(
    uint8_t *restrict tiles, size_t index, size_t tile_total, const uint8_t *restrict t5, size_t t5_stride,
    size_t row_count, size_t columns) {
    (void)tile_total;
    uint8_t *tile = tiles + index * tile_byte_count(columns);
    uint16_t digits[bn_t5_count];
    bn_t5_digits(digits);
    size_t byte_count = bn_ceil_divide(columns, bn_t5_weights);
    size_t group_count = group_count_of(columns);
    size_t whole = byte_count / pack_bytes;
    if (whole * pack_groups > group_count) whole--;
    size_t rest_bytes = byte_count - whole * pack_bytes;
    size_t rest_groups = group_count - whole * pack_groups;
    // Rows inside: the 160 bytes that they share stay in the cache, each row is a stream of its own.
    for (size_t i = 0; i < whole; i++) {
        const uint8_t *from = t5 + i * pack_bytes;
        uint8_t *to = tile + i * pack_groups * tile_rows;
        for (size_t r = 0; r < row_count; r++) {
            put_groups(to + r, bits_of(digits, from + r * t5_stride, pack_bytes), pack_groups);
        }
    }
    const uint8_t *from = t5 + whole * pack_bytes;
    uint8_t *to = tile + whole * pack_groups * tile_rows;
    for (size_t r = 0; r < row_count; r++) {
        put_groups(to + r, bits_of(digits, from + r * t5_stride, rest_bytes), rest_groups);
    }
}

BN_TARGET_BEGIN("avx2")

#define BN_INLINE static inline __attribute__((always_inline))

BN_INLINE __m256i load(const void *from) { return _mm256_loadu_si256((const __m256i *)from); }

BN_INLINE __m256i load_table(const uint8_t *table) {
    return _mm256_broadcastsi128_si256(_mm_load_si128((const __m128i *)table));
}

// sums[0 ..< 32] += the 16-bit sums of rows 0-7 and 16-23 (`low`), 8-15 and 24-31 (`high`).
BN_INLINE void add_to_rows(int32_t *sums, __m256i low, __m256i high) {
    __m128i parts[4] = {
        _mm256_castsi256_si128(low),
        _mm256_castsi256_si128(high),
        _mm256_extracti128_si256(low, 1),
        _mm256_extracti128_si256(high, 1),
    };
    for (size_t i = 0; i < 4; i++) {
        __m256i *rows = (__m256i *)(sums + 8 * i);
        __m256i wide = _mm256_cvtepi16_epi32(parts[i]);
        _mm256_storeu_si256(rows, _mm256_add_epi32(_mm256_loadu_si256(rows), wide));
    }
}

// ---- One token ------------------------------------------------------------------------------------------

// Each pair of columns has two tables of 16: a sum v = -254 ... 254 as v mod 128 and v div 128.
enum { table_bytes = 16, group_table_bytes = 4 * table_bytes };

static size_t tables_byte_count(size_t columns) { return group_table_bytes * group_count_of(columns); }

static void arrange_tables(uint8_t *restrict out, const int8_t *restrict codes, size_t columns) {
    const __m256i first = _mm256_setr_epi16(-1, 0, 1, 0, -1, 0, 1, 0, -1, 0, 1, 0, 0, 0, 0, 0);
    const __m256i second = _mm256_setr_epi16(-1, -1, -1, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0);
    const __m256i low_bits = _mm256_set1_epi16(127);
    size_t pair_count = 2 * group_count_of(columns);
    for (size_t pair = 0; pair < pair_count; pair++) {
        __m256i a = _mm256_sign_epi16(_mm256_set1_epi16(codes[2 * pair]), first);
        __m256i b = _mm256_sign_epi16(_mm256_set1_epi16(codes[2 * pair + 1]), second);
        __m256i sum = _mm256_add_epi16(a, b);
        __m256i low = _mm256_and_si256(sum, low_bits);
        __m256i high = _mm256_srai_epi16(sum, 7);
        __m256i both = _mm256_permute4x64_epi64(_mm256_packs_epi16(low, high), 0xd8);
        _mm256_storeu_si256((__m256i *)(out + 2 * table_bytes * pair), both);
    }
}

// The running sums of one tile over a chunk. Low parts of two pairs, up to 254, are added as words and their
// upper bytes once more by themselves, so that even and odd rows can be told apart at the end; high parts,
// -4 ... 2 a group, stay in bytes.
typedef struct {
    __m256i words, odd, high;
} table_sums;

BN_INLINE void look_up(table_sums *sums, const uint8_t *weights, const uint8_t *table) {
    const __m256i nibble = _mm256_set1_epi8(15);
    __m256i bytes = load(weights);
    __m256i first = _mm256_and_si256(bytes, nibble);
    __m256i second = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), nibble);
    __m256i low = _mm256_add_epi8(
        _mm256_shuffle_epi8(load_table(table), first),
        _mm256_shuffle_epi8(load_table(table + 2 * table_bytes), second));
    __m256i high = _mm256_add_epi8(
        _mm256_shuffle_epi8(load_table(table + table_bytes), first),
        _mm256_shuffle_epi8(load_table(table + 3 * table_bytes), second));
    sums->words = _mm256_add_epi16(sums->words, low);
    sums->odd = _mm256_add_epi16(sums->odd, _mm256_srli_epi16(low, 8));
    sums->high = _mm256_add_epi8(sums->high, high);
}

BN_INLINE void add_table_sums(int32_t *rows, const table_sums *sums) {
    __m256i even_high = _mm256_srai_epi16(_mm256_slli_epi16(sums->high, 8), 8);
    __m256i odd_high = _mm256_srai_epi16(sums->high, 8);
    __m256i even_low = _mm256_sub_epi16(sums->words, _mm256_slli_epi16(sums->odd, 8));
    __m256i even = _mm256_add_epi16(even_low, _mm256_slli_epi16(even_high, 7));
    __m256i odd = _mm256_add_epi16(sums->odd, _mm256_slli_epi16(odd_high, 7));
    add_to_rows(rows, _mm256_unpacklo_epi16(even, odd), _mm256_unpackhi_epi16(even, odd));
}

// `tile_count` (a constant) tiles side by side, so that a table is loaded once for all and each tile is a
// stream of its own to the memory.
BN_INLINE void look_up_tiles(
    int32_t *restrict sums, const uint8_t *restrict tiles, size_t tile_count, size_t columns,
    const uint8_t *restrict tables) {
    size_t group_count = group_count_of(columns);
    size_t tile_bytes = tile_byte_count(columns);
    memset(sums, 0, tile_count * tile_rows * sizeof(int32_t));
    for (size_t begin = 0; begin < group_count; begin += chunk_groups) {
        size_t end = group_count - begin < chunk_groups ? group_count : begin + chunk_groups;
        table_sums chunk[piece_tiles] = {0};
        for (size_t g = begin; g < end; g++) {
            for (size_t i = 0; i < tile_count; i++) {
                look_up(&chunk[i], tiles + i * tile_bytes + g * tile_rows, tables + g * group_table_bytes);
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

// A pair of codes stands twice, for a broadcast of 32 bits.
enum { pair_bytes = 4, group_pairs_bytes = 2 * pair_bytes };

static size_t pairs_byte_count(size_t columns) { return group_pairs_bytes * group_count_of(columns); }

static void arrange_pairs(uint8_t *restrict out, const int8_t *restrict codes, size_t columns) {
    size_t pair_count = 2 * group_count_of(columns);
    for (size_t pair = 0; pair < pair_count; pair++) {
        memcpy(out + pair_bytes * pair, codes + 2 * pair, 2);
        memcpy(out + pair_bytes * pair + 2, codes + 2 * pair, 2);
    }
}

// A chunk of one tile with every weight + 1 in a byte of its own: for each group the pairs of columns 0 and 1
// of rows 0-7 and 16-23, the same of rows 8-15 and 24-31, then columns 2 and 3.
typedef struct {
    __m256i vectors[chunk_groups][4];
} spread_chunk;

BN_INLINE void spread(spread_chunk *to, const uint8_t *weights, size_t group_count) {
    const __m256i code = _mm256_set1_epi8(3);
    for (size_t g = 0; g < group_count; g++) {
        __m256i bytes = load(weights + g * tile_rows);
        __m256i a = _mm256_and_si256(bytes, code);
        __m256i b = _mm256_and_si256(_mm256_srli_epi16(bytes, 2), code);
        __m256i c = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), code);
        __m256i d = _mm256_and_si256(_mm256_srli_epi16(bytes, 6), code);
        to->vectors[g][0] = _mm256_unpacklo_epi8(a, b);
        to->vectors[g][1] = _mm256_unpackhi_epi8(a, b);
        to->vectors[g][2] = _mm256_unpacklo_epi8(c, d);
        to->vectors[g][3] = _mm256_unpackhi_epi8(c, d);
    }
}

BN_INLINE __m256i load_pair(const uint8_t *from) {
    int32_t pair;
    memcpy(&pair, from, sizeof pair);
    return _mm256_set1_epi32(pair);
}

// sums[t][row] += Σ (weight + 1)·code over the chunk, for `tokens` (a constant) tokens.
BN_INLINE void add_chunk(
    int32_t *restrict sums, size_t sums_stride, const spread_chunk *chunk, size_t group_count,
    const uint8_t *restrict pairs, size_t pairs_stride, size_t tokens) {
    __m256i low[4] = {0}, high[4] = {0};
    for (size_t g = 0; g < group_count; g++) {
        const __m256i *weights = chunk->vectors[g];
        for (size_t t = 0; t < tokens; t++) {
            const uint8_t *at = pairs + t * pairs_stride + g * group_pairs_bytes;
            __m256i first = load_pair(at);
            __m256i second = load_pair(at + pair_bytes);
            low[t] = _mm256_add_epi16(low[t], _mm256_maddubs_epi16(weights[0], first));
            high[t] = _mm256_add_epi16(high[t], _mm256_maddubs_epi16(weights[1], first));
            low[t] = _mm256_add_epi16(low[t], _mm256_maddubs_epi16(weights[2], second));
            high[t] = _mm256_add_epi16(high[t], _mm256_maddubs_epi16(weights[3], second));
        }
    }
    for (size_t t = 0; t < tokens; t++) add_to_rows(sums + t * sums_stride, low[t], high[t]);
}

static void multiply_dot(
    int32_t *restrict sums, size_t sums_stride, const bn_tile_span *span,
    const uint8_t *restrict activations, size_t activations_stride, const int32_t *restrict code_sums,
    size_t tokens) {
    size_t columns = span->columns, tile_count = span->tile_count;
    const uint8_t *tiles = span->tiles + span->first_tile * tile_byte_count(columns);
    size_t group_count = group_count_of(columns);
    // Weights are + 1 in the products: start from what that adds.
    for (size_t t = 0; t < tokens; t++) {
        for (size_t r = 0; r < tile_count * tile_rows; r++) sums[t * sums_stride + r] = -code_sums[t];
    }
    for (size_t tile = 0; tile < tile_count; tile++) {
        const uint8_t *weights = tiles + tile * tile_byte_count(columns);
        int32_t *rows = sums + tile * tile_rows;
        for (size_t begin = 0; begin < group_count; begin += chunk_groups) {
            size_t count = group_count - begin < chunk_groups ? group_count - begin : chunk_groups;
            spread_chunk chunk;
            spread(&chunk, weights + begin * tile_rows, count);
            const uint8_t *pairs = activations + begin * group_pairs_bytes;
            size_t t = 0;
            for (; t + 4 <= tokens; t += 4) {
                add_chunk(
                    rows + t * sums_stride, sums_stride, &chunk, count, pairs + t * activations_stride,
                    activations_stride, 4);
            }
            for (; t + 2 <= tokens; t += 2) {
                add_chunk(
                    rows + t * sums_stride, sums_stride, &chunk, count, pairs + t * activations_stride,
                    activations_stride, 2);
            }
            if (t < tokens) {
                add_chunk(
                    rows + t * sums_stride, sums_stride, &chunk, count, pairs + t * activations_stride,
                    activations_stride, 1);
            }
        }
    }
}

BN_TARGET_END

const bn_ternary_kernels bn_ternary_avx2 = {
    .tile_rows = tile_rows,
    .block_tiles = 1,
    .tile_byte_count = tile_byte_count,
    .pack_tile = pack_tile,
    .add_only = {piece_tiles, 64, tables_byte_count, arrange_tables, multiply_add_only},
    .dot = {piece_tiles, 64, pairs_byte_count, arrange_pairs, multiply_dot},
};

#else
typedef int bn_ternary_avx2_is_for_x86;
#endif
