// SPDX-License-Identifier: MIT
//
// Stands before the compiler's header: AVX-512 intrinsics as plain C (by SIMDe), so that kernels for
// instructions that this processor lacks can be run and checked on it.
#ifndef EMULATED_IMMINTRIN_H
#define EMULATED_IMMINTRIN_H

// SIMDe gives these names another type than the compiler's own headers do.
#define __m128bh compiler_m128bh
#define __m256bh compiler_m256bh
#define __m512bh compiler_m512bh
#include <emmintrin.h>
#undef __m128bh
#undef __m256bh
#undef __m512bh

#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx512.h>
#include <simde/x86/gfni.h>
#include <string.h>

// What this version of SIMDe lacks.
#ifndef _MM_FROUND_TO_NEAREST_INT
#define _MM_FROUND_TO_NEAREST_INT 0
#endif
#ifndef _MM_FROUND_NO_EXC
#define _MM_FROUND_NO_EXC 8
#endif
// This one's name has four parameters there.
#undef _mm512_madd_epi16
#define _mm512_madd_epi16(a, b) simde_mm512_madd_epi16(a, b)
typedef uint32_t __mmask32;
typedef uint64_t __mmask64;

static inline __m512i _mm512_mask_sub_epi16(__m512i source, __mmask32 mask, __m512i a, __m512i b) {
    return _mm512_mask_mov_epi16(source, mask, _mm512_sub_epi16(a, b));
}

static inline __m512i _mm512_mask_loadu_epi8(__m512i source, __mmask64 mask, const void *from) {
    uint8_t to[64];
    _mm512_storeu_si512(to, source);
    for (int i = 0; i < 64; i++) {
        if (mask >> i & 1) to[i] = ((const uint8_t *)from)[i];
    }
    return _mm512_loadu_si512(to);
}

static inline __m256i _mm256_maskz_loadu_epi8(__mmask32 mask, const void *from) {
    uint8_t to[32] = {0};
    for (int i = 0; i < 32; i++) {
        if (mask >> i & 1) to[i] = ((const uint8_t *)from)[i];
    }
    return _mm256_loadu_si256((const __m256i *)to);
}

static inline void _mm256_mask_storeu_epi8(void *to, __mmask32 mask, __m256i vector) {
    uint8_t from[32];
    _mm256_storeu_si256((__m256i *)from, vector);
    for (int i = 0; i < 32; i++) {
        if (mask >> i & 1) ((uint8_t *)to)[i] = from[i];
    }
}

static inline __m512i _mm512_srai_epi32(__m512i vector, int count) {
    int32_t values[16];
    _mm512_storeu_si512(values, vector);
    for (int i = 0; i < 16; i++) values[i] >>= count;
    return _mm512_loadu_si512(values);
}

static inline __m512i _mm512_cvtepi16_epi32(__m256i words) {
    int16_t from[16];
    int32_t to[16];
    _mm256_storeu_si256((__m256i *)from, words);
    for (int i = 0; i < 16; i++) to[i] = from[i];
    return _mm512_loadu_si512(to);
}

static inline __m512 _mm512_cvtepi32_ps(__m512i integers) {
    int32_t from[16];
    float to[16];
    _mm512_storeu_si512(from, integers);
    for (int i = 0; i < 16; i++) to[i] = (float)from[i];
    return _mm512_loadu_ps(to);
}

static inline __m512 _mm512_cvtph_ps(__m256i halves) {
    _Float16 from[16];
    float to[16];
    memcpy(from, &halves, sizeof from);
    for (int i = 0; i < 16; i++) to[i] = (float)from[i];
    return _mm512_loadu_ps(to);
}

static inline __m256i _mm512_cvtps_ph(__m512 floats, int rounding) {
    (void)rounding;
    float from[16];
    _Float16 to[16];
    memcpy(from, &floats, sizeof from);
    for (int i = 0; i < 16; i++) to[i] = (_Float16)from[i];
    return _mm256_loadu_si256((const __m256i *)to);
}

#endif
