// SPDX-License-Identifier: MIT
#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#include "kernels.h"
#include "lanes.h"
#include "target.h"

BN_TARGET_BEGIN("avx2")

// Four values as 16-bit words, in each quarter of the vector.
BN_INLINE __m256i broadcast_words(const int8_t *values) {
    int32_t four;
    memcpy(&four, values, sizeof four);
    return _mm256_broadcastq_epi64(_mm_cvtepi8_epi16(_mm_cvtsi32_si128(four)));
}

BN_INLINE __m256i load_words(const uint8_t *codes) {
    return _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)codes));
}

// Sixteen rows of a tile by one token, both halves. Words rather than bytes are multiplied: pairs of bytes
// would be added with saturation.
BN_INLINE void multiply_rows(
    uint32_t *restrict sums, const uint8_t *restrict tile, const int8_t *restrict halves, size_t columns) {
    enum { vectors = 4 };
    __m256i high[vectors] = {0}, low[vectors] = {0};
    for (size_t k = 0; k < columns; k += 4) {
        __m256i high_words = broadcast_words(halves + k);
        __m256i low_words = broadcast_words(halves + columns + k);
        for (size_t v = 0; v < vectors; v++) {
            __m256i codes = load_words(tile + k * bn_head_tile_rows + 16 * v);
            high[v] = _mm256_add_epi32(high[v], _mm256_madd_epi16(codes, high_words));
            low[v] = _mm256_add_epi32(low[v], _mm256_madd_epi16(codes, low_words));
        }
    }
    // A vector holds four rows, two sums each; adding neighbours leaves rows 0 1 4 5 2 3 6 7.
    for (size_t v = 0; v < vectors; v += 2) {
        __m256i high_sums = _mm256_hadd_epi32(high[v], high[v + 1]);
        __m256i low_sums = _mm256_hadd_epi32(low[v], low[v + 1]);
        enum { order = 0xd8 };
        _mm256_storeu_si256((__m256i *)(sums + 4 * v), _mm256_permute4x64_epi64(high_sums, order));
        _mm256_storeu_si256(
            (__m256i *)(sums + bn_head_tile_rows + 4 * v), _mm256_permute4x64_epi64(low_sums, order));
    }
}

static void multiply_tile(
    uint32_t *restrict sums, const uint8_t *restrict tile, const int8_t *restrict halves, size_t columns,
    size_t tokens) {
    for (size_t t = 0; t < tokens; t++) {
        uint32_t *out = sums + 2 * t * bn_head_tile_rows;
        for (size_t r = 0; r < bn_head_tile_rows; r += 16) {
            multiply_rows(out + r, tile + 4 * r, halves + 2 * t * columns, columns);
        }
    }
}

BN_TARGET_END

const bn_head_kernels bn_head_avx2 = {.multiply_tile = multiply_tile};

#else
typedef int bn_head_avx2_is_for_x86;
#endif
