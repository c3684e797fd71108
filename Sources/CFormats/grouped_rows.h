// SPDX-License-Identifier: MIT
//
// Rows whose scales differ: blocks and plain numbers to codes and scales, and codes to groups of T5. Included once
// for each instruction set, behind two_bit_rows.h and dense_rows.h.

#define INLINE static inline __attribute__((always_inline))

// ---- Blocks with a scale each ----------------------------------------------------------------------------

// The lower halves of two vectors, an element of each in turn, and the upper ones.
#define ZIP_BYTES(a, b, from)                                                                               \
    __builtin_shufflevector(                                                                                \
        a, b, from, from + 16, from + 1, from + 17, from + 2, from + 18, from + 3, from + 19, from + 4,     \
        from + 20, from + 5, from + 21, from + 6, from + 22, from + 7, from + 23)
#define ZIP_WORDS(a, b, from)                                                                               \
    __builtin_shufflevector(                                                                                \
        (words16)(a), (words16)(b), from, from + 8, from + 1, from + 9, from + 2, from + 10, from + 3,      \
        from + 11)

INLINE void gather_threes(const uint8_t *bytes, bytes32 *bad) {
    bytes16 packed;
    memcpy(&packed, bytes, sizeof packed);
    packed &= (packed >> 1) & 0x55;
    bytes16 some;
    memcpy(&some, bad, sizeof some);
    some |= packed;
    memcpy(bad, &some, sizeof some);
}

// Pairs of bits of 16 bytes, the first weight lowest, to a byte each.
INLINE void pairs_in_order(const uint8_t *bytes, uint8_t *codes) {
    bytes16 packed;
    memcpy(&packed, bytes, sizeof packed);
    bytes16 a = packed & 3, b = (packed >> 2) & 3, c = (packed >> 4) & 3, d = packed >> 6;
    bytes16 low_ab = ZIP_BYTES(a, b, 0), high_ab = ZIP_BYTES(a, b, 8);
    bytes16 low_cd = ZIP_BYTES(c, d, 0), high_cd = ZIP_BYTES(c, d, 8);
    words16 all[4] = {
        ZIP_WORDS(low_ab, low_cd, 0), ZIP_WORDS(low_ab, low_cd, 4), ZIP_WORDS(high_ab, high_cd, 0),
        ZIP_WORDS(high_ab, high_cd, 4)};
    memcpy(codes, all, sizeof all);
}

// Bits, the first weight lowest, to 0 or 2.
INLINE void bits_in_order(const uint8_t *bytes, size_t byte_count, uint8_t *codes) {
    for (size_t i = 0; i < byte_count; i++) {
        // A byte for each bit, with that bit alone; adding 127 lifts any of them to the top.
        uint64_t bits = bytes[i] * UINT64_C(0x0101010101010101) & UINT64_C(0x8040201008040201);
        bits = (bits + UINT64_C(0x7f7f7f7f7f7f7f7f)) >> 6 & UINT64_C(0x0202020202020202);
        memcpy(codes + 8 * i, &bits, sizeof bits);
    }
}

// The 26 bytes of digits, and behind them some of 0, read as two halves that overlap.
INLINE void ptq1_fractions(const uint8_t *block, bytes32 *fraction) {
    bytes16 first, last;
    memcpy(&first, block, sizeof first);
    memcpy(&last, block + 10, sizeof last);
    const bytes16 zeros = {0};
    last = __builtin_shufflevector(last, zeros, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 16, 16, 16, 16, 16);
    *fraction = __builtin_shufflevector(
        first, last, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24,
        25, 26, 27, 28, 29, 30, 31);
    *fraction ^= 0x80;
}

// As tq1_block, in runs of 16 and 8 bytes of five digits and 2 bytes of four.
INLINE void ptq1_block(const uint8_t *block, uint8_t *codes, bytes32 *bad) {
    bytes32 fraction, code;
    ptq1_fractions(block, &fraction);
    bytes16 upper[5];
    for (size_t digit = 0; digit < 5; digit++) {
        next_digit(&fraction, &code);
        bytes16 lower = __builtin_shufflevector(
            code, code, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
        memcpy(codes + 16 * digit, &lower, sizeof lower);
        upper[digit] = __builtin_shufflevector(
            code, code, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31);
    }
    gather_remainder(&fraction, bad);
    for (size_t digit = 0; digit < 4; digit += 2) {
        bytes16 two = __builtin_shufflevector(
            upper[digit], upper[digit + 1], 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
        memcpy(codes + 80 + 8 * digit, &two, sizeof two);
        bytes16 ends = __builtin_shufflevector(
            upper[digit], upper[digit + 1], 8, 9, 24, 25, 8, 9, 24, 25, 8, 9, 24, 25, 8, 9, 24, 25);
        memcpy(codes + 120 + 2 * digit, &ends, 4);
    }
    memcpy(codes + 112, &upper[4], 8);
}

typedef struct {
    size_t weights, bytes, scale_offset;
} block_form;

INLINE block_form form_of(bn_block_type type) {
    switch (type) {
    case BN_BLOCK_TQ1: return (block_form){256, BN_TQ1_BLOCK_BYTES, BN_TQ1_BLOCK_BYTES - 2};
    case BN_BLOCK_TQ2: return (block_form){256, BN_TQ2_BLOCK_BYTES, BN_TQ2_BLOCK_BYTES - 2};
    case BN_BLOCK_Q2_64: return (block_form){64, 18, 0};
    case BN_BLOCK_Q2_128: return (block_form){128, 34, 0};
    case BN_BLOCK_PTQ1: return (block_form){128, 28, 26};
    case BN_BLOCK_Q1: return (block_form){128, 18, 0};
    }
    return (block_form){0, 0, 0};
}

INLINE void block_codes(bn_block_type type, const uint8_t *block, uint8_t *codes, bytes32 *bad) {
    switch (type) {
    case BN_BLOCK_TQ1: tq1_block(block, codes, bad); break;
    case BN_BLOCK_TQ2:
        planes32(block, false, codes, bad);
        planes32(block + 32, false, codes + 128, bad);
        break;
    case BN_BLOCK_Q2_128:
        gather_threes(block + 18, bad);
        pairs_in_order(block + 18, codes + 64);
        // fall through
    case BN_BLOCK_Q2_64:
        gather_threes(block + 2, bad);
        pairs_in_order(block + 2, codes);
        break;
    case BN_BLOCK_PTQ1: ptq1_block(block, codes, bad); break;
    case BN_BLOCK_Q1: bits_in_order(block + 2, 16, codes); break;
    }
}

INLINE bool is_all_zeros(const uint8_t *codes, size_t count) {
    uint64_t first;
    memcpy(&first, codes, sizeof first);
    // Nearly always told by these.
    if (first != UINT64_C(0x0101010101010101)) return false;
    bytes32 others = {0};
    for (size_t k = 0; k < count; k += sizeof others) {
        bytes32 some;
        memcpy(&some, codes + k, sizeof some);
        others |= some ^ 1;
    }
    return !any32(&others);
}

// Not negative, infinite or NaN; either zero will do.
INLINE bool is_scale(uint16_t bits) { return bits < 0x7c00 || bits == 0x8000; }

typedef void block_reader(bn_block_type type, const uint8_t *block, uint8_t *codes, bytes32 *bad);

INLINE size_t blocks_of(
    bn_block_type type, block_reader *read, const uint8_t *blocks, size_t block_count, uint8_t *codes,
    uint16_t *scales) {
    const block_form form = form_of(type);
    bytes32 bad = {0};
    bool are_scales = true;
    for (size_t b = 0; b < block_count; b++) {
        const uint8_t *block = blocks + b * form.bytes;
        uint8_t *out = codes + b * form.weights;
        read(type, block, out, &bad);
        uint16_t bits = load16(block + form.scale_offset);
        are_scales &= is_scale(bits);
        bool is_zero = (bits & 0x7fff) == 0;
        if (is_zero) memset(out, 1, form.weights);
        scales[b] = is_zero || is_all_zeros(out, form.weights) ? 0 : bits;
    }
    if (!any32(&bad) && are_scales) return block_count;
    for (size_t b = 0; b < block_count; b++) {
        const uint8_t *block = blocks + b * form.bytes;
        bytes32 here = {0};
        uint8_t unused[256];
        read(type, block, unused, &here);
        if (any32(&here) || !is_scale(load16(block + form.scale_offset))) return b;
    }
    return block_count;
}

static size_t unpack_blocks(
    bn_block_type type, const uint8_t *blocks, size_t block_count, uint8_t *codes, uint16_t *scales) {
    switch (type) {
    case BN_BLOCK_TQ1: return blocks_of(BN_BLOCK_TQ1, block_codes, blocks, block_count, codes, scales);
    case BN_BLOCK_TQ2: return blocks_of(BN_BLOCK_TQ2, block_codes, blocks, block_count, codes, scales);
    case BN_BLOCK_Q2_64: return blocks_of(BN_BLOCK_Q2_64, block_codes, blocks, block_count, codes, scales);
    case BN_BLOCK_Q2_128: return blocks_of(BN_BLOCK_Q2_128, block_codes, blocks, block_count, codes, scales);
    case BN_BLOCK_PTQ1: return blocks_of(BN_BLOCK_PTQ1, block_codes, blocks, block_count, codes, scales);
    case BN_BLOCK_Q1: return blocks_of(BN_BLOCK_Q1, block_codes, blocks, block_count, codes, scales);
    }
    return 0;
}

// ---- Plain numbers ---------------------------------------------------------------------------------------

static uint16_t largest16(const uint8_t *values, size_t count) {
    uint16_t largest = 0;
    for (size_t k = 0; k < count; k++) {
        uint16_t absolute = load16(values + 2 * k) & 0x7fff;
        largest = absolute > largest ? absolute : largest;
    }
    return largest;
}

static uint32_t largest32(const uint8_t *values, size_t count) {
    uint32_t largest = 0;
    for (size_t k = 0; k < count; k++) {
        uint32_t absolute = load32(values + 4 * k) & 0x7fffffff;
        largest = absolute > largest ? absolute : largest;
    }
    return largest;
}

static size_t unpack_dense_groups(
    bn_source_type type, const uint8_t *values, size_t group_count, size_t group, uint8_t *codes,
    uint32_t *magnitudes) {
    // Bits from which on a number is infinite or none.
    const uint32_t end = type == BN_SOURCE_F32 ? 0x7f800000 : type == BN_SOURCE_F16 ? 0x7c00 : 0x7f80;
    const size_t size = type == BN_SOURCE_F32 ? 4 : 2;
    for (size_t g = 0; g < group_count; g++) {
        const uint8_t *numbers = values + g * group * size;
        uint8_t *out = codes + g * group;
        uint32_t magnitude = size == 4 ? largest32(numbers, group) : largest16(numbers, group);
        if (magnitude >= end) return g;
        size_t done = size == 4 ? unpack_dense32(numbers, group, magnitude, out)
                                : unpack_dense16(numbers, group, (uint16_t)magnitude, out);
        if (done < group) return g;
        magnitudes[g] = magnitude;
    }
    return group_count;
}

// ---- Groups of T5 ----------------------------------------------------------------------------------------

static void pack_t5_groups(const uint8_t *codes, size_t group_count, size_t group, uint8_t *bytes) {
    const size_t byte_count = ((group + 4) / 5 + 1) / 2 * 2;
    for (size_t g = 0; g < group_count; g++) {
        pack_t5(codes + g * group, group, bytes);
        // Where the trits take an odd number of bytes.
        if ((group + 4) / 5 < byte_count) bytes[byte_count - 1] = BN_T5_ZEROS;
        bytes += byte_count;
    }
}
