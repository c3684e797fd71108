// SPDX-License-Identifier: MIT
#if defined(__x86_64__)
#define BN_FEATURES "avx512f,avx512bw,avx512vl,avx512dq"
#define BN_LANES_ARE_ONE_REGISTER

#include <immintrin.h>

#include "floats/float_kernels.h"

BN_KERNELS_BEGIN

BN_INLINE bn_lanes load_halves(const void *from) {
    __m512 floats = _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)from));
    bn_lanes lanes;
    memcpy(&lanes, &floats, sizeof lanes);
    return lanes;
}

BN_INLINE void store_halves(void *to, const float *from) {
    enum { nearest = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC };
    _mm256_storeu_si256((__m256i *)to, _mm512_cvtps_ph(_mm512_loadu_ps(from), nearest));
}

BN_INLINE bn_lanes add_exact_product(bn_lanes sum, float factor, bn_lanes lanes) {
    return (bn_lanes)_mm512_fmadd_ps(_mm512_set1_ps(factor), (__m512)lanes, (__m512)sum);
}

BN_INLINE bn_integer_lanes add_pair_products(bn_integer_lanes sum, uint32_t factors, bn_word_lanes pairs) {
    __m512i products = _mm512_madd_epi16((__m512i)pairs, _mm512_set1_epi32((int)factors));
    return (bn_integer_lanes)_mm512_add_epi32((__m512i)sum, products);
}

BN_KERNELS_END

const bn_float_kernels bn_float_avx512 = BN_FLOAT_KERNELS;

#else
typedef int bn_float_avx512_is_for_x86;
#endif
