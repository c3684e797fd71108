// SPDX-License-Identifier: MIT
//
// The two-bit kernels for AVX2: tiles of 32 rows, vpshufb for the tables, vpmaddubsw for the products.
#if defined(__x86_64__)
#define BN_FEATURES "avx2,f16c"
#define BN_VECTOR_BYTES 32
#define BN_STEP_GROUPS 2
#define BN_CODE_BYTES 4
#define BN_DOT_SUMS words
#define BN_TOKENS_MAX 128
#define BN_REGISTER_TOKENS 4
#define BN_PREFETCH_BYTES 512

#include <immintrin.h>

#include "matrix/two_bit/grouped_kernels.h"

BN_KERNELS_BEGIN

BN_INLINE bytes load_table(const uint8_t *from) {
    return (bytes)_mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)from));
}

BN_INLINE bytes look_up(bytes table, bytes index) {
    return (bytes)_mm256_shuffle_epi8((__m256i)table, (__m256i)index);
}

BN_INLINE bytes interleave_low(bytes a, bytes b) {
    return (bytes)_mm256_unpacklo_epi8((__m256i)a, (__m256i)b);
}

BN_INLINE bytes interleave_high(bytes a, bytes b) {
    return (bytes)_mm256_unpackhi_epi8((__m256i)a, (__m256i)b);
}

BN_INLINE words interleave_words_low(words a, words b) {
    return (words)_mm256_unpacklo_epi16((__m256i)a, (__m256i)b);
}

BN_INLINE words interleave_words_high(words a, words b) {
    return (words)_mm256_unpackhi_epi16((__m256i)a, (__m256i)b);
}

BN_INLINE dot_sums multiply_add(dot_sums sums, bytes weights, bytes codes) {
    return sums + (words)_mm256_maddubs_epi16((__m256i)weights, (__m256i)codes);
}

BN_INLINE void add_dot_sums(int32_t *rows, const dot_sums sums[step_groups]) {
    add_words(rows, sums[0], sums[1]);
}

BN_INLINE void load_half_scales(float *restrict to, const uint8_t *restrict from) {
    for (size_t i = 0; i < tile_rows; i += 8) {
        _mm256_storeu_ps(to + i, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(from + 2 * i))));
    }
}

BN_KERNELS_END

const bn_ternary_kernels bn_ternary_avx2 = BN_TWO_BIT_KERNELS;

#else
typedef int bn_ternary_avx2_is_for_x86;
#endif
