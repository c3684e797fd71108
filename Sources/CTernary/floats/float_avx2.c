// SPDX-License-Identifier: MIT
#if defined(__x86_64__)
#define BN_FEATURES "avx2,fma,f16c"

#include <immintrin.h>

#include "floats/float_kernels.h"

BN_KERNELS_BEGIN

BN_INLINE bn_lanes load_halves(const void *from) {
    __m256 parts[2] = {
        _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)from)),
        _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)from + 1)),
    };
    bn_lanes lanes;
    memcpy(&lanes, parts, sizeof lanes);
    return lanes;
}

BN_INLINE void store_halves(void *to, const float *from) {
    enum { nearest = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC };
    _mm_storeu_si128((__m128i *)to, _mm256_cvtps_ph(_mm256_loadu_ps(from), nearest));
    _mm_storeu_si128((__m128i *)to + 1, _mm256_cvtps_ph(_mm256_loadu_ps(from + 8), nearest));
}

BN_INLINE bn_lanes add_exact_product(bn_lanes sum, float factor, bn_lanes lanes) {
    __m256 parts[2], sums[2];
    memcpy(parts, &lanes, sizeof parts);
    memcpy(sums, &sum, sizeof sums);
    for (size_t i = 0; i < 2; i++) sums[i] = _mm256_fmadd_ps(_mm256_set1_ps(factor), parts[i], sums[i]);
    memcpy(&sum, sums, sizeof sum);
    return sum;
}

BN_INLINE bn_integer_lanes add_pair_products(bn_integer_lanes sum, uint32_t factors, bn_word_lanes pairs) {
    __m256i parts[2], sums[2];
    memcpy(parts, &pairs, sizeof parts);
    memcpy(sums, &sum, sizeof sums);
    for (size_t i = 0; i < 2; i++) {
        __m256i products = _mm256_madd_epi16(parts[i], _mm256_set1_epi32((int)factors));
        sums[i] = _mm256_add_epi32(sums[i], products);
    }
    memcpy(&sum, sums, sizeof sum);
    return sum;
}

BN_KERNELS_END

const bn_float_kernels bn_float_avx2 = BN_FLOAT_KERNELS;

#else
typedef int bn_float_avx2_is_for_x86;
#endif
