// SPDX-License-Identifier: MIT
//
// What the machine could do at best: read memory without using it, and multiply registers without reading
// memory. Kernels are judged against these, measured in the same minute.
#include <string.h>

#include "kernels.h"
#include "lanes/lanes.h"
#include "lanes/target.h"

#if defined(__x86_64__) && !defined(BN_EMULATED)
#define BN_ROOFLINE_X86
#include <immintrin.h>
#endif

enum {
    read_piece = 1 << 20,
    // Two streams keep more lines on their way than one.
    read_step = 256,
};

// `byte_count` is a multiple of 2 · read_step.
BN_INLINE uint32_t read_streams(const uint8_t *bytes, size_t byte_count) {
    bn_bit_lanes sums[4] = {0};
    size_t half = byte_count / 2;
    for (size_t i = 0; i < half; i += read_step) {
        for (size_t j = 0; j < 4; j++) {
            bn_bit_lanes first, second;
            memcpy(&first, bytes + i + j * sizeof first, sizeof first);
            memcpy(&second, bytes + half + i + j * sizeof second, sizeof second);
            sums[j] ^= first ^ second;
        }
    }
    bn_bit_lanes all = sums[0] ^ sums[1] ^ sums[2] ^ sums[3];
    uint32_t result = 0;
    for (size_t i = 0; i < 16; i++) result ^= all[i];
    return result;
}

typedef uint32_t (*read_function)(const uint8_t *bytes, size_t byte_count);

static uint32_t read_plain(const uint8_t *bytes, size_t byte_count) {
    return read_streams(bytes, byte_count);
}

#if defined(BN_ROOFLINE_X86)
BN_TARGET_BEGIN("avx2")
static uint32_t read_avx2(const uint8_t *bytes, size_t byte_count) {
    return read_streams(bytes, byte_count);
}
BN_TARGET_END
BN_TARGET_BEGIN("avx512f")
static uint32_t read_avx512(const uint8_t *bytes, size_t byte_count) {
    return read_streams(bytes, byte_count);
}
BN_TARGET_END
#endif

static read_function read_function_for(const bn_kernels *kernels) {
#if defined(BN_ROOFLINE_X86)
    if (kernels->isa == BN_ISA_AVX512 || kernels->isa == BN_ISA_AVX512BW) return read_avx512;
    if (kernels->isa == BN_ISA_AVX2) return read_avx2;
#endif
    (void)kernels;
    return read_plain;
}

typedef struct {
    read_function read;
    const uint8_t *bytes;
    _Atomic uint32_t result;
} read_region;

static void read_pieces(void *context, size_t begin, size_t end, size_t thread) {
    (void)thread;
    read_region *region = context;
    for (size_t i = begin; i < end; i++) {
        region->result ^= region->read(region->bytes + i * read_piece, read_piece);
    }
}

uint32_t bn_roofline_read(const bn_kernels *kernels, bn_pool *pool, const void *bytes, size_t byte_count) {
    read_region region = {.read = read_function_for(kernels), .bytes = bytes};
    bn_pool_run(pool, byte_count / read_piece, 1, read_pieces, &region);
    return region.result;
}

// ---- int8 multiply-add ----------------------------------------------------------------------------------

enum { peak_accumulators = 24, peak_narrow_accumulators = 12 };

typedef struct {
    // Multiply-adds of one round.
    size_t round_size;
    void (*run)(size_t rounds);
} peak_function;

#if defined(BN_ROOFLINE_X86)
BN_TARGET_BEGIN("avx512f,avx512vnni")
static void peak_vnni(size_t rounds) {
    __m512i sums[peak_accumulators];
    __m512i codes = _mm512_set1_epi8(1), weights = _mm512_set1_epi8(2);
    for (size_t i = 0; i < peak_accumulators; i++) sums[i] = _mm512_setzero_si512();
    for (size_t n = 0; n < rounds; n++) {
        for (size_t i = 0; i < peak_accumulators; i++) {
            sums[i] = _mm512_dpbusd_epi32(sums[i], codes, weights);
        }
        // Otherwise rounds might be merged.
        __asm__ volatile("" : "+v"(codes));
    }
    for (size_t i = 0; i < peak_accumulators; i++) __asm__ volatile("" : : "v"(sums[i]));
}
BN_TARGET_END

// Products are the same every time: as assembly nobody moves them out of the loop.
BN_TARGET_BEGIN("avx512bw")
static void peak_avx512bw(size_t rounds) {
    __m512i sums[peak_narrow_accumulators];
    __m512i codes = _mm512_set1_epi8(1), weights = _mm512_set1_epi8(2);
    for (size_t i = 0; i < peak_narrow_accumulators; i++) sums[i] = _mm512_setzero_si512();
    for (size_t n = 0; n < rounds; n++) {
        for (size_t i = 0; i < peak_narrow_accumulators; i++) {
            __m512i pairs;
            __asm__ volatile("vpmaddubsw %2, %1, %0" : "=v"(pairs) : "v"(codes), "v"(weights));
            sums[i] = _mm512_add_epi16(sums[i], pairs);
        }
    }
    for (size_t i = 0; i < peak_narrow_accumulators; i++) __asm__ volatile("" : : "v"(sums[i]));
}
BN_TARGET_END

BN_TARGET_BEGIN("avx2")
static void peak_avx2(size_t rounds) {
    __m256i sums[peak_narrow_accumulators];
    __m256i codes = _mm256_set1_epi8(1), weights = _mm256_set1_epi8(2);
    for (size_t i = 0; i < peak_narrow_accumulators; i++) sums[i] = _mm256_setzero_si256();
    for (size_t n = 0; n < rounds; n++) {
        for (size_t i = 0; i < peak_narrow_accumulators; i++) {
            __m256i pairs;
            __asm__ volatile("vpmaddubsw %2, %1, %0" : "=x"(pairs) : "x"(codes), "x"(weights));
            sums[i] = _mm256_add_epi16(sums[i], pairs);
        }
    }
    for (size_t i = 0; i < peak_narrow_accumulators; i++) __asm__ volatile("" : : "x"(sums[i]));
}
BN_TARGET_END
#endif

static peak_function peak_function_for(const bn_kernels *kernels) {
#if defined(BN_ROOFLINE_X86)
    if (kernels->isa == BN_ISA_AVX512) return (peak_function){peak_accumulators * 64, peak_vnni};
    if (kernels->isa == BN_ISA_AVX512BW) return (peak_function){peak_narrow_accumulators * 64, peak_avx512bw};
    if (kernels->isa == BN_ISA_AVX2) return (peak_function){peak_narrow_accumulators * 32, peak_avx2};
#endif
    (void)kernels;
    return (peak_function){0, NULL};
}

typedef struct {
    peak_function peak;
    size_t rounds;
} peak_region;

static void run_peak(void *context, size_t begin, size_t end, size_t thread) {
    (void)thread;
    const peak_region *region = context;
    for (size_t i = begin; i < end; i++) region->peak.run(region->rounds);
}

size_t bn_roofline_multiply_add(const bn_kernels *kernels, bn_pool *pool, size_t rounds) {
    peak_region region = {.peak = peak_function_for(kernels), .rounds = rounds};
    if (region.peak.run == NULL) return 0;
    // Small shares, so that threads end together.
    size_t share_count = 16 * (pool == NULL ? 1 : bn_pool_thread_count(pool));
    bn_pool_run(pool, share_count, 1, run_peak, &region);
    return share_count * rounds * region.peak.round_size;
}
