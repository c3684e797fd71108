// SPDX-License-Identifier: MIT
//
// Compares how CFormats unpacks and packs rows, on every instruction set, with the definitions written out
// weight by weight. Every buffer ends where it must, so that the address sanitizer sees a step too far. See
// `run`.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "CFormats.h"

enum { counts_max = 700, blocks_max = 6 };

static int failure_count;

static void expect(bool holds, const char *what, size_t isa, size_t count) {
    if (holds) return;
    if (failure_count++ < 20) fprintf(stderr, "%zu: %s differs (%zu)\n", isa, what, count);
}

static uint64_t random_state = 0x9e3779b97f4a7c15;

static uint32_t random_bits(void) {
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(random_state >> 32);
}

static void *allocate(size_t byte_count) {
    void *memory = malloc(byte_count > 0 ? byte_count : 1);
    if (memory == NULL) abort();
    return memory;
}

static uint8_t *random_codes(size_t count) {
    uint8_t *codes = allocate(count);
    for (size_t i = 0; i < count; i++) codes[i] = (uint8_t)(random_bits() % 3);
    return codes;
}

static void check_blocks(const bn_formats *formats, size_t isa, size_t count) {
    uint8_t *codes = random_codes(256 * count), *out = allocate(256 * count);
    uint8_t *tq1 = allocate(54 * count), *tq2 = allocate(66 * count);
    for (size_t b = 0; b < count; b++) {
        const uint8_t *block = codes + 256 * b;
        for (size_t m = 0; m < 52; m++) {
            size_t width = m < 32 ? 32 : m < 48 ? 16 : 4;
            size_t first = m < 32 ? m : m < 48 ? 160 + m - 32 : 240 + m - 48;
            unsigned value = 0;
            for (size_t n = 0; n < 5; n++) {
                value = value * 3 + (n == 4 && m >= 48 ? 0 : block[first + n * width]);
            }
            tq1[54 * b + m] = (uint8_t)((value * 256 + 242) / 243);
        }
        for (size_t m = 0; m < 64; m++) {
            unsigned byte = 0;
            for (size_t n = 0; n < 4; n++) {
                byte |= (unsigned)block[m / 32 * 128 + 32 * n + m % 32] << (2 * n);
            }
            tq2[66 * b + m] = (uint8_t)byte;
        }
        memcpy(tq1 + 54 * b + 52, "\0\x38", 2);
        memcpy(tq2 + 66 * b + 64, "\0\x38", 2);
    }
    expect(formats->unpack_tq1(tq1, count, 0x3800, out) == count, "TQ1_0's count", isa, count);
    expect(memcmp(out, codes, 256 * count) == 0, "TQ1_0", isa, count);
    memset(out, 0, 256 * count);
    expect(formats->unpack_tq2(tq2, count, 0x3800, out) == count, "TQ2_0's count", isa, count);
    expect(memcmp(out, codes, 256 * count) == 0, "TQ2_0", isa, count);
    for (size_t b = 0; b < count; b++) {
        tq1[54 * b + random_bits() % 52] = 1;
        tq2[66 * b + random_bits() % 64] |= 0xc0;
        expect(formats->unpack_tq1(tq1, count, 0x3800, out) == 0, "TQ1_0's first fault", isa, b);
        expect(formats->unpack_tq2(tq2, count, 0x3800, out) == 0, "TQ2_0's first fault", isa, b);
    }
    void *const made[] = {codes, out, tq1, tq2};
    for (size_t i = 0; i < sizeof made / sizeof made[0]; i++) free(made[i]);
}

static void check_planes(const bn_formats *formats, size_t isa, size_t group, size_t count) {
    size_t weights = 4 * group * count;
    uint8_t *codes = random_codes(weights), *out = allocate(weights), *packed = allocate(weights / 4);
    memset(packed, 0, weights / 4);
    for (size_t i = 0; i < weights; i++) {
        size_t within = i % (4 * group);
        packed[i / (4 * group) * group + within % group] |= (uint8_t)(codes[i] << (6 - 2 * (within / group)));
    }
    expect(formats->unpack_planes(packed, weights / 4, group, true, out), "planes' answer", isa, group);
    expect(memcmp(out, codes, weights) == 0, "planes", isa, group);
    expect(bn_unpack_planes_at(packed, 0, weights, group, out), "single planes' answer", isa, group);
    expect(memcmp(out, codes, weights) == 0, "single planes", isa, group);
    free(codes);
    free(out);
    free(packed);
}

static void check_dense(const bn_formats *formats, size_t isa, size_t count) {
    uint8_t *codes = random_codes(count), *out = allocate(count);
    uint16_t *halves = allocate(2 * count);
    float *floats = allocate(4 * count), *back = allocate(4 * count);
    for (size_t i = 0; i < count; i++) {
        static const uint16_t values[] = {0xbf80, 0x8000, 0x3f80};
        halves[i] = values[codes[i]];
    }
    uint8_t *bytes = (uint8_t *)halves;
    expect(formats->unpack_dense16(bytes, count, 0x3f80, out) == count, "16 bits' count", isa, count);
    expect(memcmp(out, codes, count) == 0, "16 bits", isa, count);
    formats->floats_from(BN_SOURCE_BF16, bytes, count, floats);
    size_t answer = formats->unpack_dense32((uint8_t *)floats, count, 0x3f800000, out);
    expect(answer == count, "floats' count", isa, count);
    expect(memcmp(out, codes, count) == 0, "floats", isa, count);
    double sum = 0;
    for (size_t i = 0; i < count; i++) sum += (double)fabsf(floats[i]);
    expect(formats->absolute_sum(floats, count) == sum, "absolute sum", isa, count);
    expect(formats->quantise_trits(floats, count, 0.75f, out), "trits' answer", isa, count);
    expect(memcmp(out, codes, count) == 0, "trits", isa, count);
    formats->floats_from(BN_SOURCE_F16, bytes, count, back);
    for (size_t i = 0; i < count; i++) {
        // 0x3f80 is 1.875 as a half.
        float expected = 1.875f * ((float)codes[i] - 1.0f);
        expect(back[i] == expected, "halves", isa, count);
    }
    void *const made[] = {codes, out, halves, floats, back};
    for (size_t i = 0; i < sizeof made / sizeof made[0]; i++) free(made[i]);
}

static void check_rows(const bn_formats *formats, size_t isa, size_t count) {
    size_t byte_count = (count + 4) / 5;
    uint8_t *codes = random_codes(count), *out = allocate(count);
    uint8_t *packed = allocate(count), *t5 = allocate(byte_count);
    for (size_t i = 0; i < count; i++) packed[i] = (uint8_t)((random_bits() & 0xcf) | codes[i] << 4);
    expect(formats->unpack_shifted(packed, count, 4, out), "shifted rows' answer", isa, count);
    expect(memcmp(out, codes, count) == 0, "shifted rows", isa, count);
    formats->pack_t5(codes, count, t5);
    for (size_t b = 0; b < byte_count; b++) {
        unsigned byte = 0;
        for (size_t i = 5; i-- > 0;) byte = byte * 3 + (5 * b + i < count ? codes[5 * b + i] : 1u);
        expect(t5[b] == byte, "T5", isa, count);
    }
    void *const made[] = {codes, out, packed, t5};
    for (size_t i = 0; i < sizeof made / sizeof made[0]; i++) free(made[i]);
}

typedef struct {
    bn_block_type type;
    size_t weights, bytes, scale_offset;
    size_t runs[3];  // bytes of five digits twice, then of four; none for pairs and bits
    size_t bits;     // of a weight, from the lowest on; 0 for digits
} block_kind;

static void encode_block(const block_kind *kind, const uint8_t *codes, uint16_t scale, uint8_t *block) {
    uint8_t *bytes = block + (kind->scale_offset == 0 ? 2 : 0);
    memcpy(block + kind->scale_offset, &scale, sizeof scale);
    memset(bytes, 0, kind->bytes - sizeof scale);
    for (size_t j = 0; kind->bits > 0 && j < kind->weights; j++) {
        unsigned code = kind->bits == 1 ? codes[j] / 2u : codes[j];
        bytes[j * kind->bits / 8] |= (uint8_t)(code << (j * kind->bits % 8));
    }
    for (size_t run = 0, first = 0; kind->bits == 0 && run < 3; run++) {
        size_t digits = run < 2 ? 5 : 4, width = kind->runs[run];
        for (size_t m = 0; m < width; m++) {
            unsigned value = 0;
            for (size_t n = 0; n < 5; n++) value = value * 3 + (n < digits ? codes[first + n * width + m] : 0);
            *bytes++ = (uint8_t)((value * 256 + 242) / 243);
        }
        first += digits * width;
    }
}

static void check_kind(const bn_formats *formats, size_t isa, const block_kind *kind, size_t count) {
    size_t weights = kind->weights * count;
    uint8_t *codes = random_codes(weights), *out = allocate(weights), *blocks = allocate(kind->bytes * count);
    uint16_t *scales = allocate(sizeof *scales * count);
    for (size_t b = 0; b < count; b++) {
        uint8_t *block = codes + kind->weights * b;
        // No block is of zeros, and bits have none at all.
        block[0] = 2;
        for (size_t j = 0; kind->bits == 1 && j < kind->weights; j++) block[j] &= 2;
        encode_block(kind, block, (uint16_t)(b + 1), blocks + kind->bytes * b);
    }
    expect(formats->unpack_blocks(kind->type, blocks, count, out, scales) == count, "blocks", isa, count);
    expect(memcmp(out, codes, weights) == 0, "blocks' codes", isa, count);
    for (size_t b = 0; b < count; b++) expect(scales[b] == b + 1, "blocks' scales", isa, count);
    for (size_t b = 0; b < count; b++) {
        static const uint16_t infinite = 0x7c00;
        memcpy(blocks + kind->bytes * (count - 1 - b) + kind->scale_offset, &infinite, sizeof infinite);
        size_t answer = formats->unpack_blocks(kind->type, blocks, count, out, scales);
        expect(answer == count - 1 - b, "the first fault of blocks", isa, count);
    }
    void *const made[] = {codes, out, blocks, scales};
    for (size_t i = 0; i < sizeof made / sizeof made[0]; i++) free(made[i]);
}

static void check_groups(const bn_formats *formats, size_t isa, size_t group, size_t count) {
    size_t weights = group * count, byte_count = ((group + 4) / 5 + 1) / 2 * 2;
    uint8_t *codes = random_codes(weights), *out = allocate(weights), *packed = allocate(byte_count * count);
    float *floats = allocate(sizeof *floats * weights);
    uint32_t *magnitudes = allocate(sizeof *magnitudes * count);
    formats->pack_t5_groups(codes, count, group, packed);
    for (size_t i = 0; i < byte_count * count; i++) {
        size_t first = i % byte_count * 5;
        unsigned byte = 0;
        for (size_t n = 5; n-- > 0;) {
            byte = byte * 3 + (first + n < group ? codes[i / byte_count * group + first + n] : 1u);
        }
        expect(packed[i] == byte, "groups of T5", isa, count);
    }
    for (size_t i = 0; i < weights; i++) floats[i] = (float)(i / group + 1) * ((float)codes[i] - 1);
    size_t answer = formats->unpack_dense_groups(
        BN_SOURCE_F32, (const uint8_t *)floats, count, group, out, magnitudes);
    expect(answer == count, "plain groups", isa, count);
    expect(memcmp(out, codes, weights) == 0, "plain groups' codes", isa, count);
    void *const made[] = {codes, out, packed, floats, magnitudes};
    for (size_t i = 0; i < sizeof made / sizeof made[0]; i++) free(made[i]);
}

int main(void) {
    static const block_kind kinds[] = {
        {BN_BLOCK_TQ1, 256, 54, 52, {32, 16, 4}, 0}, {BN_BLOCK_Q2_64, 64, 18, 0, {0}, 2},
        {BN_BLOCK_Q2_128, 128, 34, 0, {0}, 2},       {BN_BLOCK_PTQ1, 128, 28, 26, {16, 8, 2}, 0},
        {BN_BLOCK_Q1, 128, 18, 0, {0}, 1},
    };
    static const bn_formats_isa isas[] = {BN_FORMATS_BASELINE, BN_FORMATS_AVX2, BN_FORMATS_AVX512};
    for (size_t isa = 0; isa < sizeof isas / sizeof isas[0]; isa++) {
        const bn_formats *formats = bn_formats_for(isas[isa]);
        if (formats == NULL) continue;
        for (size_t count = 0; count <= blocks_max; count++) {
            check_blocks(formats, isa, count);
            check_planes(formats, isa, 16, count);
            check_planes(formats, isa, 32, count);
            check_planes(formats, isa, 5, count);
            for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
                check_kind(formats, isa, kinds + k, count);
            }
            for (size_t group = 64; group <= 256; group *= 2) check_groups(formats, isa, group, count);
        }
        for (size_t count = 0; count <= counts_max; count++) {
            check_rows(formats, isa, count);
            check_dense(formats, isa, count);
        }
        printf("rows of instruction set %zu checked\n", isa);
    }
    if (failure_count > 0) fprintf(stderr, "%d differences\n", failure_count);
    return failure_count > 0;
}
