// SPDX-License-Identifier: MIT
#if defined(__x86_64__)
#include <immintrin.h>
#include <math.h>
#include <string.h>

#include "formats.h"

#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)

#include "two_bit_rows.h"

#include "dense_rows.h"

#include "grouped_rows.h"

#pragma clang attribute pop

// ---- T5 with the byte permutation of AVX-512 VBMI ---------------------------------------------------------

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vbmi"))), apply_to = function)

// Eight bytes of five codes each: codes 5·g ... 5·g + 4 go to word g, whose bytes are weighted and summed.
static void pack_t5_avx512(const uint8_t *codes, size_t columns, uint8_t *bytes) {
    enum { step = 40 };
    uint8_t places[64];
    for (uint8_t i = 0; i < 64; i++) places[i] = (uint8_t)(5 * (i / 8) + i % 8);
    const __m512i spread = _mm512_loadu_si512(places);
    const __m512i powers = _mm512_set1_epi64(0x000000511b090301);
    const __mmask64 five_of_eight = 0x1f1f1f1f1f1f1f1f, readable = ((__mmask64)1 << step) - 1;
    size_t k = 0;
    for (; columns - k >= step; k += step, bytes += step / 5) {
        __m512i packed = _mm512_maskz_loadu_epi8(readable, codes + k);
        __m512i fives = _mm512_maskz_permutexvar_epi8(five_of_eight, spread, packed);
        // No sum of two reaches 256, so each 16-bit sum is one byte.
        __m512i sums = _mm512_sad_epu8(_mm512_maddubs_epi16(fives, powers), _mm512_setzero_si512());
        _mm_storel_epi64((__m128i *)bytes, _mm512_cvtepi64_epi8(sums));
    }
    pack_t5(codes + k, columns - k, bytes);
}

#pragma clang attribute pop

const bn_formats bn_formats_avx2 = {
    unpack_tq1,  unpack_tq2,   unpack_planes,  unpack_shifted, unpack_dense16, unpack_dense32,
    floats_from, absolute_sum, quantise_trits, pack_t5,
    unpack_blocks, unpack_dense_groups, pack_t5_groups};

const bn_formats bn_formats_avx512 = {
    unpack_tq1,  unpack_tq2,   unpack_planes,  unpack_shifted, unpack_dense16, unpack_dense32,
    floats_from, absolute_sum, quantise_trits, pack_t5_avx512,
    unpack_blocks, unpack_dense_groups, pack_t5_groups};

#else
typedef int bn_formats_rows_are_for_x86;
#endif
