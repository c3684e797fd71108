// SPDX-License-Identifier: MIT
//
// Weights of a step as the dot product takes them: four groups of a tile are unpacked so that four bytes of one row stand
// together, and looked up as weights + 1 in two bits each.
#ifndef C_TERNARY_AVX512_STEP_WEIGHTS_H
#define C_TERNARY_AVX512_STEP_WEIGHTS_H

#include "matrix/avx512/avx512_layout.h"

enum { row_vectors = 4, quad_bytes = 4 };

// From a magnitude: weights 0 ... 3 plus one, two bits each, and weight 4 plus one.
static _Alignas(64) uint8_t low_weights[128], high_weights[128];

__attribute__((constructor)) static void make_weight_tables(void) {
    for (int magnitude = 0; magnitude < 128; magnitude++) {
        int digits = 0;
        for (int i = 0; i < 4; i++) digits |= (bn_avx512_weight(magnitude, i) + 1) << (2 * i);
        low_weights[magnitude] = (uint8_t)digits;
        high_weights[magnitude] = (uint8_t)(bn_avx512_weight(magnitude, 4) + 1);
    }
}

BN_TARGET_BEGIN(BN_AVX512_TARGET)

BN_INLINE __m512i load(const void *from) { return _mm512_loadu_si512(from); }

typedef struct {
    __m512i low[2], high[2];
} weight_tables;

BN_INLINE weight_tables load_weight_tables(void) {
    return (weight_tables){
        {load(low_weights), load(low_weights + 64)}, {load(high_weights), load(high_weights + 64)}};
}

// The four vectors of a step, byte g of dword i of vector j: weights of group g of row 16·j + i.
typedef struct {
    __m512i low[row_vectors], high[row_vectors];
} step_weights;

// The vectors of four groups, `count` of them from `first` on: 4 from 0, or 2 from 0 or 2.
BN_INLINE step_weights unpack_step(
    __m512i g0, __m512i g1, __m512i g2, __m512i g3, const weight_tables *tables, size_t first,
    size_t count) {
    __m512i a = _mm512_unpacklo_epi8(g0, g1), b = _mm512_unpackhi_epi8(g0, g1);
    __m512i c = _mm512_unpacklo_epi8(g2, g3), d = _mm512_unpackhi_epi8(g2, g3);
    const __m512i codes[row_vectors] = {
        _mm512_unpacklo_epi16(a, c), _mm512_unpackhi_epi16(a, c), _mm512_unpacklo_epi16(b, d),
        _mm512_unpackhi_epi16(b, d)};
    step_weights step;
    for (size_t j = 0; j < count; j++) {
        __m512i code = codes[first + j];
        __mmask64 is_negative = _mm512_movepi8_mask(code);
        __m512i low = _mm512_permutex2var_epi8(tables->low[0], code, tables->low[1]);
        __m512i high = _mm512_permutex2var_epi8(tables->high[0], code, tables->high[1]);
        // A weight negated is 2 less its code, in every pair of bits.
        step.low[j] = _mm512_mask_sub_epi8(low, is_negative, _mm512_set1_epi8((char)0xaa), low);
        step.high[j] = _mm512_mask_sub_epi8(high, is_negative, _mm512_set1_epi8(2), high);
    }
    return step;
}

BN_INLINE step_weights load_step(
    const uint8_t *weights, const weight_tables *tables, size_t first, size_t count) {
    return unpack_step(
        load(weights), load(weights + 64), load(weights + 128), load(weights + 192), tables, first, count);
}

// Weight i of the groups; i is a constant.
BN_INLINE __m512i weights_of(const step_weights *step, size_t j, unsigned i) {
    const __m512i code = _mm512_set1_epi8(3);
    switch (i) {
    case 0: return _mm512_and_si512(step->low[j], code);
    case 1: return _mm512_and_si512(_mm512_srli_epi16(step->low[j], 2), code);
    case 2: return _mm512_and_si512(_mm512_srli_epi16(step->low[j], 4), code);
    case 3: return _mm512_and_si512(_mm512_srli_epi16(step->low[j], 6), code);
    default: return step->high[j];
    }
}

BN_INLINE __m512i load_quad(const uint8_t *from) {
    int32_t quad;
    memcpy(&quad, from, sizeof quad);
    return _mm512_set1_epi32(quad);
}

BN_TARGET_END

#endif
