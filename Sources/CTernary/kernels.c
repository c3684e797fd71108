// SPDX-License-Identifier: MIT
#include "kernels.h"

#if defined(__aarch64__)
#include <sys/auxv.h>
#endif

static const bn_kernels scalar_kernels = {
    BN_ISA_SCALAR, &bn_ternary_scalar, &bn_float_scalar, &bn_head_scalar};

#if defined(__x86_64__)
static const bn_kernels avx2_kernels = {
    BN_ISA_AVX2, &bn_ternary_avx2, &bn_float_avx2, &bn_head_avx2};
static const bn_kernels avx512bw_kernels = {
    BN_ISA_AVX512BW, &bn_ternary_avx512bw, &bn_float_avx512, &bn_head_avx2};
static const bn_kernels avx512_kernels = {
    BN_ISA_AVX512, &bn_ternary_avx512, &bn_float_avx512, &bn_head_avx512};

static bool has_avx2(void) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
           __builtin_cpu_supports("f16c");
}

static bool has_avx512bw(void) {
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
}

static bool has_avx512(void) {
    return has_avx512bw() && __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vnni") &&
           __builtin_cpu_supports("gfni");
}
#elif defined(__aarch64__)
static const bn_kernels neon_kernels = {
    BN_ISA_NEON, &bn_ternary_neon, &bn_float_neon, &bn_head_scalar};
static const bn_kernels neon_dot_kernels = {
    BN_ISA_NEON_DOT, &bn_ternary_neon_dot, &bn_float_neon, &bn_head_scalar};

static bool has_neon_dot(void) { return (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0; }
#endif

const bn_kernels *bn_kernels_for(bn_isa isa) {
    switch (isa) {
    case BN_ISA_SCALAR: return &scalar_kernels;
#if defined(__x86_64__)
    case BN_ISA_AVX2: return has_avx2() ? &avx2_kernels : NULL;
    case BN_ISA_AVX512BW: return has_avx512bw() ? &avx512bw_kernels : NULL;
    case BN_ISA_AVX512: return has_avx512() ? &avx512_kernels : NULL;
#elif defined(__aarch64__)
    case BN_ISA_NEON: return &neon_kernels;
    case BN_ISA_NEON_DOT: return has_neon_dot() ? &neon_dot_kernels : NULL;
#endif
    default: return NULL;
    }
}

const bn_kernels *bn_kernels_best(void) {
    static const bn_isa fastest_first[] = {
        BN_ISA_AVX512, BN_ISA_AVX512BW, BN_ISA_AVX2, BN_ISA_NEON_DOT, BN_ISA_NEON};
    for (size_t i = 0; i < sizeof fastest_first / sizeof fastest_first[0]; i++) {
        const bn_kernels *kernels = bn_kernels_for(fastest_first[i]);
        if (kernels != NULL) return kernels;
    }
    return &scalar_kernels;
}

bn_isa bn_kernels_isa(const bn_kernels *kernels) { return kernels->isa; }

const char *bn_isa_name(bn_isa isa) {
    switch (isa) {
    case BN_ISA_SCALAR: return "scalar";
    case BN_ISA_AVX2: return "avx2";
    case BN_ISA_AVX512: return "avx512";
    case BN_ISA_AVX512BW: return "avx512bw";
    case BN_ISA_NEON: return "neon";
    case BN_ISA_NEON_DOT: return "neon-dot";
    }
    return "unknown";
}
