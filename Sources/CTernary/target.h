// SPDX-License-Identifier: MIT
//
// BN_TARGET_BEGIN("avx2,f16c") ... BN_TARGET_END compiles the functions between for those instructions.
// The emulation driver under Tests defines BN_EMULATED and provides the intrinsics as plain C.
#ifndef C_TERNARY_TARGET_H
#define C_TERNARY_TARGET_H

#if defined(BN_EMULATED)
#define BN_TARGET_BEGIN(features)
#define BN_TARGET_END
#else
#define BN_PRAGMA(text) _Pragma(#text)
#define BN_TARGET_BEGIN(features) \
    BN_PRAGMA(clang attribute push(__attribute__((target(features))), apply_to = function))
#define BN_TARGET_END BN_PRAGMA(clang attribute pop)
#endif

#endif
