// SPDX-License-Identifier: MIT
//
// Packed codes to codes. Included once for each instruction set, between its target pragmas: the vectors are
// the compiler's own, so they become whatever the processor has. They are passed by pointer, because without
// AVX their passing by value has no fixed convention.
//
// Faults are gathered over a whole call and looked up only if there are any: they are rare.

typedef uint8_t bytes32 __attribute__((vector_size(32)));
typedef int8_t signed32 __attribute__((vector_size(32)));
typedef uint16_t words32 __attribute__((vector_size(32)));
typedef uint8_t bytes16 __attribute__((vector_size(16)));
typedef uint16_t words16 __attribute__((vector_size(16)));

static inline bool any32(const bytes32 *vector) {
    uint64_t words[4];
    memcpy(words, vector, sizeof words);
    return (words[0] | words[1] | words[2] | words[3]) != 0;
}

static inline uint16_t scale_bits(const uint8_t *block, size_t block_bytes) {
    uint16_t bits;
    memcpy(&bits, block + block_bytes - sizeof bits, sizeof bits);
    return bits;
}

// ---- TQ2_0 and I2_S -------------------------------------------------------------------------------------

// One group of 32 bytes to 128 codes.
static inline void planes32(const uint8_t *bytes, bool top_first, uint8_t *codes, bytes32 *threes) {
    bytes32 packed;
    memcpy(&packed, bytes, sizeof packed);
    *threes |= packed & (packed >> 1) & 0x55;
    for (unsigned plane = 0; plane < 4; plane++) {
        bytes32 code = (packed >> (uint8_t)(2 * plane)) & 3;
        memcpy(codes + 32 * (top_first ? 3 - plane : plane), &code, sizeof code);
    }
}

// One group of 16 bytes to 64 codes.
static inline void planes16(const uint8_t *bytes, bool top_first, uint8_t *codes, bytes16 *threes) {
    bytes16 packed;
    memcpy(&packed, bytes, sizeof packed);
    *threes |= packed & (packed >> 1) & 0x55;
    for (unsigned plane = 0; plane < 4; plane++) {
        bytes16 code = (packed >> (uint8_t)(2 * plane)) & 3;
        memcpy(codes + 16 * (top_first ? 3 - plane : plane), &code, sizeof code);
    }
}

static bool planes_any(
    const uint8_t *bytes, size_t byte_count, size_t group, bool top_first, uint8_t *codes) {
    unsigned threes = 0;
    for (size_t start = 0; start < byte_count; start += group) {
        for (unsigned plane = 0; plane < 4; plane++) {
            unsigned shift = top_first ? 6 - 2 * plane : 2 * plane;
            for (size_t m = 0; m < group; m++) {
                unsigned code = (unsigned)bytes[start + m] >> shift & 3;
                threes |= code & (code >> 1);
                codes[4 * start + plane * group + m] = (uint8_t)code;
            }
        }
    }
    return threes == 0;
}

static inline bool all_planes32(const uint8_t *bytes, size_t byte_count, bool top_first, uint8_t *codes) {
    bytes32 threes = {0};
    for (size_t i = 0; i < byte_count; i += 32) planes32(bytes + i, top_first, codes + 4 * i, &threes);
    return !any32(&threes);
}

static bool unpack_planes(
    const uint8_t *bytes, size_t byte_count, size_t group, bool top_first, uint8_t *codes) {
    if (group == 32) {
        return top_first ? all_planes32(bytes, byte_count, true, codes)
                         : all_planes32(bytes, byte_count, false, codes);
    }
    if (group != 16) return planes_any(bytes, byte_count, group, top_first, codes);
    bytes16 threes = {0};
    for (size_t i = 0; i < byte_count; i += 16) planes16(bytes + i, top_first, codes + 4 * i, &threes);
    uint64_t words[2];
    memcpy(words, &threes, sizeof words);
    return (words[0] | words[1]) == 0;
}

static bool unpack_shifted(const uint8_t *bytes, size_t count, unsigned shift, uint8_t *codes) {
    words32 threes = {0};
    size_t k = 0;
    for (; count - k >= sizeof threes; k += sizeof threes) {
        words32 packed;
        memcpy(&packed, bytes + k, sizeof packed);
        // What crosses from one byte to the next lands above its two lowest bits.
        packed = packed >> (uint16_t)shift & 0x0303;
        threes |= packed & packed >> 1 & 0x0101;
        memcpy(codes + k, &packed, sizeof packed);
    }
    bytes32 whole = (bytes32)threes;
    unsigned rest = any32(&whole);
    for (; k < count; k++) {
        unsigned code = (unsigned)bytes[k] >> shift & 3;
        rest |= code & code >> 1;
        codes[k] = (uint8_t)code;
    }
    return rest == 0;
}

static bool is_tq2(const uint8_t *block) {
    unsigned threes = 0;
    for (size_t i = 0; i < 64; i++) threes |= block[i] & (unsigned)block[i] >> 1 & 0x55;
    return threes == 0;
}

static size_t unpack_tq2(const uint8_t *blocks, size_t block_count, uint16_t scale, uint8_t *codes) {
    bytes32 threes = {0};
    uint16_t difference = 0;
    for (size_t b = 0; b < block_count; b++) {
        const uint8_t *block = blocks + b * BN_TQ2_BLOCK_BYTES;
        planes32(block, false, codes + b * BN_BLOCK_WEIGHTS, &threes);
        planes32(block + 32, false, codes + b * BN_BLOCK_WEIGHTS + 128, &threes);
        difference |= scale_bits(block, BN_TQ2_BLOCK_BYTES) ^ scale;
    }
    if (!any32(&threes) && difference == 0) return block_count;
    for (size_t b = 0; b < block_count; b++) {
        const uint8_t *block = blocks + b * BN_TQ2_BLOCK_BYTES;
        if (!is_tq2(block) || scale_bits(block, BN_TQ2_BLOCK_BYTES) != scale) return b;
    }
    return block_count;
}

// ---- TQ1_0 ----------------------------------------------------------------------------------------------
//
// A byte q = ceil(v·256/243) is the fraction v/243 in 256ths. Times three, what carries over 256 is the next
// digit of v: 0 up to 85, 1 up to 170, 2 above. After five digits 243·q mod 256 is what rounding up has added,
// at most 242; the thirteen bytes that give more are never written.

// The next digit; `fraction` has its top bit flipped, which tripling preserves and signed comparison needs.
static inline void next_digit(bytes32 *fraction, bytes32 *code) {
    bytes32 value = *fraction;
    signed32 above = ((signed32)value > 85 - 128) + ((signed32)value > 170 - 128);
    *code = -(bytes32)above;
    *fraction = value + value + value;
}

static inline void gather_remainder(const bytes32 *fraction, bytes32 *bad) {
    *bad |= (bytes32)((signed32)*fraction > 242 - 128);
}

static inline void tq1_block(const uint8_t *block, uint8_t *codes, bytes32 *bad) {
    bytes32 fraction, code;
    memcpy(&fraction, block, sizeof fraction);
    fraction ^= 0x80;
    for (size_t digit = 0; digit < 5; digit++) {
        next_digit(&fraction, &code);
        memcpy(codes + 32 * digit, &code, sizeof code);
    }
    gather_remainder(&fraction, bad);
    // The sixteen bytes of five digits, and behind them the four bytes of four digits, four times over.
    uint8_t rest[32];
    memcpy(rest, block + 32, 20);
    memcpy(rest + 20, block + 48, 4);
    memcpy(rest + 24, block + 48, 4);
    memcpy(rest + 28, block + 48, 4);
    memcpy(&fraction, rest, sizeof fraction);
    fraction ^= 0x80;
    for (size_t digit = 0; digit < 5; digit++) {
        next_digit(&fraction, &code);
        memcpy(codes + 160 + 16 * digit, &code, 16);
        if (digit < 4) memcpy(codes + 240 + 4 * digit, (const uint8_t *)&code + 16, 4);
    }
    gather_remainder(&fraction, bad);
}

static bool is_tq1(const uint8_t *block) {
    for (size_t i = 0; i < 52; i++) {
        if ((uint8_t)(block[i] * 243) > 242) return false;
    }
    return true;
}

static size_t unpack_tq1(const uint8_t *blocks, size_t block_count, uint16_t scale, uint8_t *codes) {
    bytes32 bad = {0};
    uint16_t difference = 0;
    for (size_t b = 0; b < block_count; b++) {
        const uint8_t *block = blocks + b * BN_TQ1_BLOCK_BYTES;
        tq1_block(block, codes + b * BN_BLOCK_WEIGHTS, &bad);
        difference |= scale_bits(block, BN_TQ1_BLOCK_BYTES) ^ scale;
    }
    if (!any32(&bad) && difference == 0) return block_count;
    for (size_t b = 0; b < block_count; b++) {
        const uint8_t *block = blocks + b * BN_TQ1_BLOCK_BYTES;
        if (!is_tq1(block) || scale_bits(block, BN_TQ1_BLOCK_BYTES) != scale) return b;
    }
    return block_count;
}
