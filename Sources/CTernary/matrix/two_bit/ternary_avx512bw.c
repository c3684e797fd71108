// SPDX-License-Identifier: MIT
//
// The two-bit kernels for AVX-512 without VBMI and VNNI: those of AVX2 on tiles of 64 rows.
#if defined(__x86_64__)
#define BN_FEATURES "avx512f,avx512bw,avx512vl,avx512dq"
#define BN_VECTOR_BYTES 64
#define BN_STEP_GROUPS 2
#define BN_CODE_BYTES 4
#define BN_DOT_SUMS words
#define BN_TOKENS_MAX 64
#define BN_REGISTER_TOKENS 8
#define BN_PREFETCH_BYTES 0

#include <immintrin.h>

#include "matrix/two_bit/grouped_kernels.h"

BN_KERNELS_BEGIN

BN_INLINE bytes load_table(const uint8_t *from) {
    return (bytes)_mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)from));
}

BN_INLINE bytes look_up(bytes table, bytes index) {
    return (bytes)_mm512_shuffle_epi8((__m512i)table, (__m512i)index);
}

BN_INLINE bytes interleave_low(bytes a, bytes b) {
    return (bytes)_mm512_unpacklo_epi8((__m512i)a, (__m512i)b);
}

BN_INLINE bytes interleave_high(bytes a, bytes b) {
    return (bytes)_mm512_unpackhi_epi8((__m512i)a, (__m512i)b);
}

BN_INLINE words interleave_words_low(words a, words b) {
    return (words)_mm512_unpacklo_epi16((__m512i)a, (__m512i)b);
}

BN_INLINE words interleave_words_high(words a, words b) {
    return (words)_mm512_unpackhi_epi16((__m512i)a, (__m512i)b);
}

BN_INLINE dot_sums multiply_add(dot_sums sums, bytes weights, bytes codes) {
    return sums + (words)_mm512_maddubs_epi16((__m512i)weights, (__m512i)codes);
}

BN_INLINE void add_dot_sums(int32_t *rows, const dot_sums sums[step_groups]) {
    add_words(rows, sums[0], sums[1]);
}

BN_INLINE void load_half_scales(float *restrict to, const uint8_t *restrict from) {
    for (size_t i = 0; i < tile_rows; i += 16) {
        _mm512_storeu_ps(to + i, _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(from + 2 * i))));
    }
}

BN_KERNELS_END

const bn_ternary_kernels bn_ternary_avx512bw = BN_TWO_BIT_KERNELS;

#else
typedef int bn_ternary_avx512bw_is_for_x86;
#endif
