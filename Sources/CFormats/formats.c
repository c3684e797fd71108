// SPDX-License-Identifier: MIT
#include "formats.h"

#if defined(__x86_64__)
static bool has_avx512vbmi(void) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vbmi");
}
#endif

const bn_formats *bn_formats_for(bn_formats_isa isa) {
    switch (isa) {
    case BN_FORMATS_BASELINE: return &bn_formats_baseline;
#if defined(__x86_64__)
    case BN_FORMATS_AVX2: return __builtin_cpu_supports("avx2") ? &bn_formats_avx2 : NULL;
    case BN_FORMATS_AVX512: return has_avx512vbmi() ? &bn_formats_avx512 : NULL;
#endif
    default: return NULL;
    }
}

// A few loads and branches a row; no state that threads would have to agree on.
static const bn_formats *best(void) {
#if defined(__x86_64__)
    if (has_avx512vbmi()) return &bn_formats_avx512;
    if (__builtin_cpu_supports("avx2")) return &bn_formats_avx2;
#endif
    return &bn_formats_baseline;
}

size_t bn_unpack_tq1(const uint8_t *blocks, size_t block_count, uint16_t scale, uint8_t *codes) {
    return best()->unpack_tq1(blocks, block_count, scale, codes);
}

size_t bn_unpack_tq2(const uint8_t *blocks, size_t block_count, uint16_t scale, uint8_t *codes) {
    return best()->unpack_tq2(blocks, block_count, scale, codes);
}

bool bn_unpack_planes(
    const uint8_t *bytes, size_t byte_count, size_t group, bool top_first, uint8_t *codes) {
    return best()->unpack_planes(bytes, byte_count, group, top_first, codes);
}

bool bn_unpack_planes_at(
    const uint8_t *tensor, size_t first, size_t count, size_t group, uint8_t *codes) {
    unsigned threes = 0;
    for (size_t k = 0; k < count; k++) {
        size_t start = (first + k) / (4 * group) * group, within = (first + k) % (4 * group);
        unsigned code = (unsigned)tensor[start + within % group] >> (6 - 2 * (within / group)) & 3;
        threes |= code & (code >> 1);
        codes[k] = (uint8_t)code;
    }
    return threes == 0;
}

bool bn_unpack_shifted(const uint8_t *bytes, size_t count, unsigned shift, uint8_t *codes) {
    return best()->unpack_shifted(bytes, count, shift, codes);
}

size_t bn_unpack_dense16(const uint8_t *values, size_t count, uint16_t magnitude, uint8_t *codes) {
    return best()->unpack_dense16(values, count, magnitude, codes);
}

size_t bn_unpack_dense32(const uint8_t *values, size_t count, uint32_t magnitude, uint8_t *codes) {
    return best()->unpack_dense32(values, count, magnitude, codes);
}

void bn_floats_from(bn_source_type type, const uint8_t *values, size_t count, float *floats) {
    best()->floats_from(type, values, count, floats);
}

double bn_absolute_sum(const float *values, size_t count) { return best()->absolute_sum(values, count); }

bool bn_quantise_trits(const float *values, size_t count, float inverse, uint8_t *codes) {
    return best()->quantise_trits(values, count, inverse, codes);
}

size_t bn_unpack_blocks(
    bn_block_type type, const uint8_t *blocks, size_t block_count, uint8_t *codes, uint16_t *scales) {
    return best()->unpack_blocks(type, blocks, block_count, codes, scales);
}

size_t bn_unpack_dense_groups(
    bn_source_type type, const uint8_t *values, size_t group_count, size_t group, uint8_t *codes,
    uint32_t *magnitudes) {
    return best()->unpack_dense_groups(type, values, group_count, group, codes, magnitudes);
}

void bn_pack_t5_groups(const uint8_t *codes, size_t group_count, size_t group, uint8_t *bytes) {
    best()->pack_t5_groups(codes, group_count, group, bytes);
}

void bn_pack_t5(const uint8_t *codes, size_t columns, uint8_t *bytes) {
    best()->pack_t5(codes, columns, bytes);
}
