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

int main(void) {
    static const bn_formats_isa isas[] = {BN_FORMATS_BASELINE, BN_FORMATS_AVX2, BN_FORMATS_AVX512};
    for (size_t isa = 0; isa < sizeof isas / sizeof isas[0]; isa++) {
        const bn_formats *formats = bn_formats_for(isas[isa]);
        if (formats == NULL) continue;
        for (size_t count = 0; count <= blocks_max; count++) {
            check_blocks(formats, isa, count);
            check_planes(formats, isa, 16, count);
            check_planes(formats, isa, 32, count);
            check_planes(formats, isa, 5, count);
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
