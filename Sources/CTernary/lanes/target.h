// SPDX-License-Identifier: MIT
//
// BN_TARGET_BEGIN("avx2,f16c") ... BN_TARGET_END compiles the functions between for those instructions.
//
// Kernels that are written once for several instruction sets stand between BN_KERNELS_BEGIN and
// BN_KERNELS_END: they are compiled for the instructions that the including file names, before it includes
// anything,
//     #define BN_FEATURES "avx2,f16c"
// or, if it names none, for those that every processor of its kind has.
//
// The emulation driver under Tests defines BN_EMULATED and provides the intrinsics as plain C.
#ifndef C_TERNARY_TARGET_H
#define C_TERNARY_TARGET_H

#define BN_INLINE static inline __attribute__((always_inline))

#if defined(BN_EMULATED)
#define BN_TARGET_BEGIN(features)
#define BN_TARGET_END
#else
#define BN_PRAGMA(text) _Pragma(#text)
#define BN_TARGET_BEGIN(features) \
    BN_PRAGMA(clang attribute push(__attribute__((target(features))), apply_to = function))
#define BN_TARGET_END BN_PRAGMA(clang attribute pop)
#endif

#if defined(BN_FEATURES)
#define BN_KERNELS_BEGIN BN_TARGET_BEGIN(BN_FEATURES)
#define BN_KERNELS_END BN_TARGET_END
#else
#define BN_KERNELS_BEGIN
#define BN_KERNELS_END
#endif

#endif
