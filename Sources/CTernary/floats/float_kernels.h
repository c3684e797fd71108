// SPDX-License-Identifier: MIT
//
// The float kernels, written once. Each instruction set's file includes this, so that the compiler makes the
// same arithmetic out of its instructions, and defines what lanes/float_lanes.h declares. Before it may define
//     BN_FEATURES                 see lanes/target.h
//     BN_LANES_ARE_ONE_REGISTER   see attention/span_kernels.h
#ifndef C_TERNARY_FLOAT_KERNELS_H
#define C_TERNARY_FLOAT_KERNELS_H

#include "attention/cache_kernels.h"
#include "attention/rope_kernel.h"
#include "head/head_kernels.h"
#include "head/logit_kernels.h"
#include "head/table_rows.h"
#include "kernels.h"
#include "tokens/hop_kernels.h"
#include "tokens/token_kernels.h"

#define BN_FLOAT_KERNELS                                                                                   \
    {                                                                                                      \
        .quantise_token = quantise_token, .quantise_groups = quantise_groups,                              \
        .rms_norm_token = rms_norm_token, .rope_head = rope_head,                                          \
        .gate_span = gate_span, .load_row = load_row, .store_key = store_key, .store_value = store_value,  \
        .encode_queries = encode_queries, .attend_span = attend_span, .merge_span = merge_span,            \
        .finish_heads = finish_heads, .head_rows = head_rows, .largest_logit = largest_logit,              \
        .sum_exponentials = sum_exponentials, .hop_encode_token = hop_encode_token,                        \
        .hop_decode_token = hop_decode_token, .hop_round_token = hop_round_token,                          \
    }

#endif
