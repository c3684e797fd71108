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

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vbmi"))), apply_to = function)

#include "rows_avx512.h"

#pragma clang attribute pop

const bn_formats bn_formats_avx2 = {
    unpack_tq1,  unpack_tq2,   unpack_planes,  unpack_shifted, unpack_dense16, unpack_dense32,
    floats_from, absolute_sum, quantise_trits, pack_t5,
    unpack_blocks, unpack_dense_groups, pack_t5_groups};

const bn_formats bn_formats_avx512 = {
    unpack_tq1,  unpack_tq2,   unpack_planes,  unpack_shifted, unpack_dense16, unpack_dense32,
    floats_from, absolute_sum, quantise_trits, pack_t5_avx512,
    unpack_blocks_avx512, unpack_dense_groups, pack_t5_groups_avx512};

#else
typedef int bn_formats_rows_are_for_x86;
#endif
