// SPDX-License-Identifier: MIT
#if defined(__x86_64__)
#define BN_FEATURES "avx2"

#include <immintrin.h>
#include <string.h>

#include "head/head_int8.h"

BN_KERNELS_BEGIN

// Eight rows by four columns. Two products of a code up to 255 and a half from -64 on do not leave sixteen
// bits, so that the sum of the pair never saturates.
BN_INLINE __m256i add_products(__m256i sums, __m256i codes, __m256i half) {
    __m256i pairs = _mm256_maddubs_epi16(codes, half);
    return _mm256_add_epi32(sums, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}

BN_INLINE __m256i broadcast(const int8_t *values) {
    int32_t four;
    memcpy(&four, values, sizeof four);
    return _mm256_set1_epi32(four);
}

static void multiply_token(
    uint32_t *restrict sums, const uint8_t *restrict tile, const int8_t *restrict halves, size_t columns) {
    enum { vectors = bn_head_tile_rows / 8 };
    __m256i high[vectors], low[vectors];
    for (size_t v = 0; v < vectors; v++) high[v] = low[v] = _mm256_setzero_si256();
    for (size_t k = 0; k < columns; k += 4) {
        __m256i high_half = broadcast(halves + k);
        __m256i low_half = broadcast(halves + columns + k);
        for (size_t v = 0; v < vectors; v++) {
            __m256i codes = _mm256_loadu_si256((const __m256i *)(tile + k * bn_head_tile_rows) + v);
            high[v] = add_products(high[v], codes, high_half);
            low[v] = add_products(low[v], codes, low_half);
        }
    }
    for (size_t v = 0; v < vectors; v++) {
        _mm256_storeu_si256((__m256i *)sums + v, high[v]);
        _mm256_storeu_si256((__m256i *)(sums + bn_head_tile_rows) + v, low[v]);
    }
}

// The next tokens find the tile in the cache.
static void multiply_tile(
    uint32_t *restrict sums, const uint8_t *restrict tile, const int8_t *restrict halves, size_t columns,
    size_t tokens) {
    for (size_t t = 0; t < tokens; t++) {
        multiply_token(sums + 2 * t * bn_head_tile_rows, tile, halves + 2 * t * columns, columns);
    }
}

BN_KERNELS_END

const bn_head_kernels bn_head_avx2 = BN_HEAD_KERNELS;

#else
typedef int bn_head_avx2_is_for_x86;
#endif
