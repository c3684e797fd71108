// SPDX-License-Identifier: MIT
//
// What attention over floats and over codes share.
#ifndef C_TERNARY_SPAN_KERNELS_H
#define C_TERNARY_SPAN_KERNELS_H

#include "kernels.h"
#include "lanes/float_lanes.h"

BN_KERNELS_BEGIN

// How many vectors attention works on at a time: what the registers hold, and more where sixteen lanes are one.
#if defined(BN_LANES_ARE_ONE_REGISTER)
enum {
    attend_heads_max = 8,
    attend_registers = 8,
    attend_blocks_max = 4,
    attend_sums_max = 16,
    attend_width_max = 4,
};
#else
enum {
    attend_heads_max = 4,
    attend_registers = 4,
    attend_blocks_max = 2,
    attend_sums_max = 4,
    attend_width_max = 2,
};
#endif

// Puts -infinity behind `count` scores up to a whole vector, and returns the largest.
BN_INLINE float largest_score(float *restrict scores, size_t count) {
    size_t whole = bn_round_up(count, bn_lane_count);
    for (size_t p = count; p < whole; p++) scores[p] = -HUGE_VALF;
    bn_lanes largest = load_floats(scores);
    for (size_t p = bn_lane_count; p < whole; p += bn_lane_count) {
        largest = larger_lanes(load_floats(scores + p), largest);
    }
    return largest_of_lanes(largest);
}

BN_KERNELS_END

#endif
