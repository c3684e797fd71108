// SPDX-License-Identifier: MIT
//
// Finds the largest logits with the int8 copy of a head, then computes them from the table.
//
// Let row w = s·q + d with codes q, and x = t·(128·h + l) + e with int8 halves h and l. The integer sum
// S = Σ q·(128·h + l) is exact, and w·x - s·t·S = d·x + s·q·e, so by Cauchy and Schwarz
//     |w·x - s·t·S| <= ‖d‖·‖x‖ + ‖s·q‖·‖e‖.
// What is to be bounded is not w·x but bn_head's value f, a float sum of ⌈columns/16⌉ products by lane and
// four more additions up the tree. No product passes more than n = ⌈columns/16⌉ + 4 roundings, so with
// u = 2^-24 and γ = n·u/(1 - n·u)
//     |f - w·x| <= γ·Σ|w·x| + columns·2^-149 <= γ·(‖d‖ + ‖s·q‖)·‖x‖ + columns·2^-149,
// the last term for products that are subnormal. The norms are rounded up; the double arithmetic here and
// the rounding of the bounds to float are covered by the factors in bound_rows. Where ‖w‖·(‖x‖ + ‖e‖) stays
// below 2^125 no partial sum overflows.
//
// A row whose upper bound is below the k-th largest lower bound is not among the k largest, nor equal to one.
#include <assert.h>
#include <math.h>
#include <string.h>

#include "head/fast_head.h"
#include "lanes/exponential.h"
#include "lanes/lanes.h"

enum {
    // Rows whose largest lower bound stands for them all when the k-th largest is looked for, at most. With
    // four times more groups than k, few of the k share one, and the threshold is hardly lower for it.
    group_rows_max = 16,
    groups_per_count = 4,
    rescored_rows = 1024,
    // Rows among which no candidate is expected: that is seen without a branch for each.
    scanned_rows = 64,
};

typedef struct {
    // x = scale·(128·h + l) + e.
    float scale;
    // 128·Σh and 128·Σl modulo 2^32: what the codes' bias adds to the sums.
    uint32_t high_bias;
    uint32_t low_bias;
    // |f - s·t·S| <= remainder·‖d‖ + code·‖s·q‖ + constant.
    double remainder;
    double code;
    double constant;
    float threshold;
    uint32_t count;
} token_state;

// Working memory, in this order, each part on a 64-byte boundary.
typedef struct {
    token_state *states;
    int8_t *halves;  // [tokens][2][tile columns]
    float *maxima;   // [tokens][maxima_stride]: of the lower bounds of each group of rows
} workspace;

static size_t maxima_stride(size_t rows) {
    size_t padded = bn_round_up(rows, bn_head_tile_rows);
    size_t most = 2 * groups_per_count * BN_FAST_HEAD_COUNT_MAX + bn_head_tile_rows;
    if (most < padded / group_rows_max) most = padded / group_rows_max;
    return most < padded ? most : padded;
}

size_t bn_fast_head_scratch_byte_count(size_t rows, size_t columns, size_t tokens) {
    return bn_round_up(tokens * sizeof(token_state), 64) +
           bn_round_up(tokens * 2 * bn_head_tile_columns(columns), 64) +
           tokens * maxima_stride(rows) * sizeof(float);
}

static workspace workspace_of(const bn_fast_head *head, size_t tokens, void *scratch) {
    uint8_t *halves = (uint8_t *)scratch + bn_round_up(tokens * sizeof(token_state), 64);
    uint8_t *maxima = halves + bn_round_up(tokens * 2 * bn_head_tile_columns(head->columns), 64);
    return (workspace){scratch, (int8_t *)halves, (float *)(void *)maxima};
}

// ---- Activations ----------------------------------------------------------------------------------------

static const float whole_max = 63 * 128 + 63;

// Splits one token into halves; false if x or the logits might not be finite.
static bool prepare_token(
    token_state *restrict state, int8_t *restrict halves, const float *restrict x, const bn_fast_head *head) {
    size_t columns = head->columns, stride = bn_head_tile_columns(columns);
    float largest = 0;
    bool is_finite = true;
    for (size_t i = 0; i < columns; i++) {
        float magnitude = fabsf(x[i]);
        is_finite &= magnitude <= 0x1.fffffep127f;
        largest = magnitude > largest ? magnitude : largest;
    }
    if (!is_finite) return false;
    // As with the rows, what is tiny is all remainder.
    float scale = largest < 0x1p-100f ? 0 : largest / whole_max;
    float inverse = largest < 0x1p-100f ? 0 : whole_max / largest;
    double squares = 0, remainder_squares = 0;
    int32_t high_sum = 0, low_sum = 0;
    memset(halves, 0, 2 * stride);
    for (size_t i = 0; i < columns; i++) {
        float rounded = bn_round_even(x[i] * inverse);
        rounded = rounded > whole_max ? whole_max : rounded < -whole_max ? -whole_max : rounded;
        int32_t whole = (int32_t)rounded;
        // -64 ... 63, congruent to `whole`.
        int32_t low = ((whole + 64) & 127) - 64;
        int32_t high = (whole - low) / 128;
        halves[i] = (int8_t)high;
        halves[stride + i] = (int8_t)low;
        high_sum += high;
        low_sum += low;
        double remainder = (double)x[i] - (double)scale * (double)whole;
        squares += (double)x[i] * (double)x[i];
        remainder_squares += remainder * remainder;
    }
    double norm = sqrt(squares) * (1 + 0x1p-30);
    double remainder_norm = sqrt(remainder_squares) * (1 + 0x1p-30);
    double steps = (double)(bn_ceil_divide(columns, bn_lane_count) + 4) * 0x1p-24;
    double gamma = steps / (1 - steps);
    state->scale = scale;
    state->high_bias = 128 * (uint32_t)high_sum;
    state->low_bias = 128 * (uint32_t)low_sum;
    state->remainder = norm * (1 + gamma);
    state->code = remainder_norm + norm * gamma;
    state->constant = (double)columns * 0x1p-149;
    return head->norm_max * (norm + remainder_norm) < 0x1p125;
}

// ---- Bounds ---------------------------------------------------------------------------------------------

typedef struct {
    const bn_fast_head *head;
    workspace work;
    const float *x;
    // [tokens][rows]: the upper bounds, then the logits.
    float *out;
    // [tokens][rows] or NULL.
    float *lower;
    size_t tokens;
    size_t group_rows;
} select_region;

// Bounds of a whole tile's rows. 2^-20 and 2^-22 exceed what the roundings of this function take away.
static void bound_rows(
    float *restrict lower, float *restrict upper, const bn_fast_head *head, const token_state *state,
    size_t first, const uint32_t *restrict sums) {
    const float *scales = head->scales + first;
    const float *remainder_norms = head->remainder_norms + first;
    const float *code_norms = head->code_norms + first;
    double remainder = state->remainder, code = state->code, constant = state->constant;
    for (size_t r = 0; r < bn_head_tile_rows; r++) {
        int32_t high = (int32_t)(sums[r] - state->high_bias);
        int32_t low = (int32_t)(sums[bn_head_tile_rows + r] - state->low_bias);
        double sum = 128.0 * (double)high + (double)low;
        double centre = sum * ((double)scales[r] * (double)state->scale);
        double bound = remainder * (double)remainder_norms[r] + code * (double)code_norms[r] + constant;
        bound = bound * (1 + 0x1p-20) + fabs(centre) * 0x1p-22 + 0x1p-140;
        lower[r] = (float)(centre - bound);
        upper[r] = (float)(centre + bound);
    }
}

static void note_maxima(float *restrict maxima, const float *restrict lower, size_t group_rows) {
    for (size_t g = 0; g < bn_head_tile_rows / group_rows; g++) {
        float largest = lower[g * group_rows];
        for (size_t r = 1; r < group_rows; r++) {
            float value = lower[g * group_rows + r];
            largest = value > largest ? value : largest;
        }
        maxima[g] = largest;
    }
}

static void bound_tiles(void *context, size_t begin, size_t end, size_t thread) {
    (void)thread;
    const select_region *region = context;
    const bn_fast_head *head = region->head;
    size_t columns = bn_head_tile_columns(head->columns), groups = bn_head_tile_rows / region->group_rows;
    size_t stride = maxima_stride(head->rows);
    for (size_t tile = begin; tile < end; tile++) {
        size_t first = tile * bn_head_tile_rows;
        size_t count = head->rows - first < bn_head_tile_rows ? head->rows - first : bn_head_tile_rows;
        for (size_t t = 0; t < region->tokens; t++) {
            uint32_t sums[2 * bn_head_tokens_max * bn_head_tile_rows];
            size_t group = t % bn_head_tokens_max;
            if (group == 0) {
                size_t tokens = region->tokens - t;
                if (tokens > bn_head_tokens_max) tokens = bn_head_tokens_max;
                head->kernels->head->multiply_tile(
                    sums, head->tiles + tile * head->tile_bytes, region->work.halves + 2 * t * columns,
                    columns, tokens);
            }
            float lower[bn_head_tile_rows], upper[bn_head_tile_rows];
            bound_rows(
                lower, upper, head, &region->work.states[t], first, sums + 2 * group * bn_head_tile_rows);
            for (size_t r = count; r < bn_head_tile_rows; r++) lower[r] = -INFINITY;
            memcpy(region->out + t * head->rows + first, upper, count * sizeof(float));
            if (region->lower != NULL) {
                memcpy(region->lower + t * head->rows + first, lower, count * sizeof(float));
            } else {
                note_maxima(region->work.maxima + t * stride + tile * groups, lower, region->group_rows);
            }
        }
    }
}

// Floats as integers in the same order.
static int32_t ordered(float value) {
    int32_t bits = (int32_t)bn_bits_of_float(value);
    return bits ^ (int32_t)((uint32_t)(bits >> 31) >> 1);
}

// The count-th largest of `values`, by bisection: always so many passes, whatever the values.
static float nth_largest(const float *values, size_t value_count, size_t count) {
    int64_t low = ordered(-INFINITY), high = ordered(INFINITY);
    // At least `count` values are at or above `low`, fewer are above `high`.
    while (low < high) {
        int64_t middle = high - (high - low) / 2;
        uint32_t above = 0;
        for (size_t i = 0; i < value_count; i++) above += ordered(values[i]) >= (int32_t)middle;
        if (above >= count) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    int32_t bits = (int32_t)low;
    return bn_float_of_bits((uint32_t)(bits ^ (int32_t)((uint32_t)(bits >> 31) >> 1)));
}

static void find_thresholds(void *context, size_t begin, size_t end, size_t thread) {
    (void)thread;
    const select_region *region = context;
    const bn_fast_head *head = region->head;
    size_t value_count = head->tile_count * (bn_head_tile_rows / region->group_rows);
    for (size_t t = begin; t < end; t++) {
        token_state *state = &region->work.states[t];
        size_t count = state->count < head->rows ? state->count : head->rows;
        const float *maxima = region->work.maxima + t * maxima_stride(head->rows);
        state->threshold = nth_largest(maxima, value_count, count);
    }
}

// ---- Exact values ---------------------------------------------------------------------------------------

// Rows begin ..< end of one token, runs of candidates together.
static void rescore_block(const select_region *region, size_t t, size_t begin, size_t end) {
    const bn_fast_head *head = region->head;
    size_t row_bytes = bn_row_bytes(head->type, head->columns);
    float threshold = region->work.states[t].threshold;
    float *out = region->out + t * head->rows;
    for (size_t r = begin; r < end;) {
        size_t candidate_end = r;
        while (candidate_end < end && out[candidate_end] >= threshold) candidate_end++;
        if (candidate_end > r) {
            head->kernels->floats->head_rows(
                out + r, head->rows, region->x + t * head->columns, head->table + r * row_bytes, head->type, 1,
                candidate_end - r, head->columns);
        }
        for (r = candidate_end; r < end && out[r] < threshold; r++) out[r] = -INFINITY;
    }
}

static void rescore_rows(void *context, size_t begin, size_t end, size_t thread) {
    (void)thread;
    const select_region *region = context;
    const bn_fast_head *head = region->head;
    for (size_t t = 0; t < region->tokens; t++) {
        float threshold = region->work.states[t].threshold;
        for (size_t first = begin; first < end; first += scanned_rows) {
            size_t count = end - first < scanned_rows ? end - first : scanned_rows;
            float *out = region->out + t * head->rows + first;
            uint32_t candidate_count = 0;
            for (size_t r = 0; r < count; r++) candidate_count += out[r] >= threshold;
            if (candidate_count > 0) {
                rescore_block(region, t, first, first + count);
            } else {
                for (size_t r = 0; r < count; r++) out[r] = -INFINITY;
            }
        }
    }
}

// ---- Entry points ---------------------------------------------------------------------------------------

static bn_status bound_all(select_region *region, bn_pool *pool) {
    const bn_fast_head *head = region->head;
    size_t columns = bn_head_tile_columns(head->columns);
    for (size_t t = 0; t < region->tokens; t++) {
        bool is_bounded = prepare_token(
            &region->work.states[t], region->work.halves + 2 * t * columns, region->x + t * head->columns,
            head);
        if (!is_bounded) return BN_NOT_FINITE;
    }
    size_t grain = bn_grain(pool, head->tile_count, head->tile_bytes);
    // Small enough to be handed out evenly, whatever the vocabulary.
    if (grain > 8 && pool != NULL) grain = 8;
    bn_pool_run(pool, head->tile_count, grain, bound_tiles, region);
    return BN_OK;
}

bn_status bn_fast_head_select(
    const bn_fast_head *head, bn_pool *pool, float *logits, const float *x, const uint32_t *counts,
    size_t tokens, void *scratch) {
    select_region region = {
        .head = head, .work = workspace_of(head, tokens, scratch), .x = x, .out = logits, .tokens = tokens,
        .group_rows = group_rows_max};
    for (size_t t = 0; t < tokens; t++) {
        assert(counts[t] >= 1 && counts[t] <= BN_FAST_HEAD_COUNT_MAX);
        region.work.states[t].count = counts[t];
        while (region.group_rows > 1 && head->rows / region.group_rows < groups_per_count * counts[t]) {
            region.group_rows /= 2;
        }
    }
    bn_status status = bound_all(&region, pool);
    if (status != BN_OK) return status;
    bn_pool_run(pool, tokens, 1, find_thresholds, &region);
    bn_pool_run(pool, head->rows, rescored_rows, rescore_rows, &region);
    return BN_OK;
}

bn_status bn_fast_head_bounds(
    const bn_fast_head *head, bn_pool *pool, float *lower, float *upper, const float *x, size_t tokens,
    void *scratch) {
    select_region region = {
        .head = head, .work = workspace_of(head, tokens, scratch), .x = x, .out = upper, .lower = lower,
        .tokens = tokens, .group_rows = 1};
    return bound_all(&region, pool);
}
