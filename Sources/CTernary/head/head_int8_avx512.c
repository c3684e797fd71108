// SPDX-License-Identifier: MIT
#if defined(__x86_64__)
#define BN_FEATURES "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni"

#include <immintrin.h>
#include <string.h>

#include "head/head_int8.h"

BN_KERNELS_BEGIN

// A tile by `tokens` tokens, a constant: each vector of codes is loaded once for all of them.
BN_INLINE void multiply_tokens(
    uint32_t *restrict sums, const uint8_t *restrict tile, const int8_t *restrict halves, size_t columns,
    size_t tokens) {
    __m512i parts[2 * bn_head_tokens_max][2];
    for (size_t h = 0; h < 2 * tokens; h++) parts[h][0] = parts[h][1] = _mm512_setzero_si512();
    for (size_t k = 0; k < columns; k += 4) {
        const uint8_t *codes = tile + k * bn_head_tile_rows;
        __m512i first = _mm512_loadu_si512(codes);
        __m512i second = _mm512_loadu_si512(codes + 64);
        for (size_t h = 0; h < 2 * tokens; h++) {
            int32_t four;
            memcpy(&four, halves + h * columns + k, sizeof four);
            __m512i values = _mm512_set1_epi32(four);
            parts[h][0] = _mm512_dpbusd_epi32(parts[h][0], first, values);
            parts[h][1] = _mm512_dpbusd_epi32(parts[h][1], second, values);
        }
    }
    for (size_t h = 0; h < 2 * tokens; h++) {
        _mm512_storeu_si512(sums + h * bn_head_tile_rows, parts[h][0]);
        _mm512_storeu_si512(sums + h * bn_head_tile_rows + 16, parts[h][1]);
    }
}

static void multiply_tile(
    uint32_t *restrict sums, const uint8_t *restrict tile, const int8_t *restrict halves, size_t columns,
    size_t tokens) {
    switch (tokens) {
    case 1: multiply_tokens(sums, tile, halves, columns, 1); return;
    case 2: multiply_tokens(sums, tile, halves, columns, 2); return;
    case 3: multiply_tokens(sums, tile, halves, columns, 3); return;
    default: multiply_tokens(sums, tile, halves, columns, 4); return;
    }
}

BN_KERNELS_END

const bn_head_kernels bn_head_avx512 = BN_HEAD_KERNELS;

#else
typedef int bn_head_avx512_is_for_x86;
#endif
