// SPDX-License-Identifier: MIT
//
// For any processor of the kind that the program is built for.
#include <math.h>
#include <string.h>

#include "formats.h"

#include "two_bit_rows.h"

#include "dense_rows.h"

#include "grouped_rows.h"

const bn_formats bn_formats_baseline = {
    unpack_tq1,  unpack_tq2,   unpack_planes,  unpack_shifted, unpack_dense16, unpack_dense32,
    floats_from, absolute_sum, quantise_trits, pack_t5,
    unpack_blocks, unpack_dense_groups, pack_t5_groups};
