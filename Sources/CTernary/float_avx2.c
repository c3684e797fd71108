// SPDX-License-Identifier: MIT
#if defined(__x86_64__)
#include <immintrin.h>

#include "kernels.h"
#include "lanes.h"
#include "target.h"

BN_TARGET_BEGIN("avx2,f16c")

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

#include "float_kernels.h"

BN_TARGET_END

const bn_float_kernels bn_float_avx2 = BN_FLOAT_KERNELS;

#else
typedef int bn_float_avx2_is_for_x86;
#endif
