// SPDX-License-Identifier: MIT
//
// What the byte permutations and shifts of AVX-512 VBMI are quicker at. Included once, behind the same for AVX2, whose
// functions do the rest.

// ---- T5 --------------------------------------------------------------------------------------------------
//
// A byte is the sum of three words: codes 5w and 5w + 1, the next two, and the last, each weighted.

typedef struct {
    __m512i places;  // bytes 2w and 2w + 1: where codes 5w and 5w + 1 stand among 128
    __mmask64 first, second, last;  // bytes of the three words whose codes are there
    __m512i padding;                // what codes 1 add that are not
} fives_plan;

INLINE __m512i word_numbers(void) {
    return _mm512_set_epi16(
        31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5,
        4, 3, 2, 1, 0);
}

// 128 codes to 26 bytes.
INLINE fives_plan one_run(void) {
    __m512i places = _mm512_mullo_epi16(word_numbers(), _mm512_set1_epi16(5 * 257));
    return (fives_plan){
        _mm512_add_epi16(places, _mm512_set1_epi16(256)), ((__mmask64)1 << 52) - 1, ((__mmask64)1 << 51) - 1,
        (((__mmask64)1 << 50) - 1) & 0x5555555555555555,
        _mm512_maskz_set1_epi16((__mmask32)1 << 25, 27 + 81)};
}

// Twice 64 codes to 14 bytes each.
INLINE fives_plan two_runs(void) {
    const __mmask64 both = ((__mmask64)1 << 28) + 1;
    const __mmask32 both_words = ((__mmask32)1 << 14) + 1, upper = 0xffffc000;
    fives_plan plan = one_run();
    plan.places = _mm512_mask_sub_epi16(plan.places, upper, plan.places, _mm512_set1_epi16(6 * 257));
    plan.first = plan.second = (((__mmask64)1 << 26) - 1) * both;
    plan.last = 0x555555 * both;
    plan.padding = _mm512_mask_set1_epi16(
        _mm512_maskz_set1_epi16(both_words << 12, 81), both_words << 13, BN_T5_ZEROS);
    return plan;
}

INLINE __m512i bytes_of(fives_plan plan, __m512i low, __m512i high) {
    const __m512i two = _mm512_set1_epi8(2);
    __m512i second_places = _mm512_add_epi8(plan.places, two);
    __m512i last_places = _mm512_add_epi8(second_places, two);
    __m512i first = _mm512_maskz_permutex2var_epi8(plan.first, low, plan.places, high);
    __m512i second = _mm512_maskz_permutex2var_epi8(plan.second, low, second_places, high);
    __m512i last = _mm512_maskz_permutex2var_epi8(plan.last, low, last_places, high);
    __m512i sum = _mm512_add_epi16(plan.padding, _mm512_mullo_epi16(last, _mm512_set1_epi16(81)));
    sum = _mm512_add_epi16(sum, _mm512_maddubs_epi16(first, _mm512_set1_epi16(0x0301)));
    sum = _mm512_add_epi16(sum, _mm512_maddubs_epi16(second, _mm512_set1_epi16(0x1b09)));
    return _mm512_castsi256_si512(_mm512_cvtepi16_epi8(sum));
}

// Whatever is written too much is written anew later, or there is no room for it.
INLINE void store_bytes(uint8_t *bytes, __m512i values, size_t count, size_t room) {
    if (room >= 32) {
        _mm256_storeu_si256((__m256i *)bytes, _mm512_castsi512_si256(values));
    } else {
        _mm512_mask_storeu_epi8(bytes, ((__mmask64)1 << count) - 1, values);
    }
}

static void pack_t5_avx512(const uint8_t *codes, size_t columns, uint8_t *bytes) {
    enum { step = 125 };
    const fives_plan plan = one_run();
    size_t k = 0;
    for (; columns - k >= 128; k += step, bytes += step / 5) {
        __m512i values = bytes_of(plan, _mm512_loadu_si512(codes + k), _mm512_loadu_si512(codes + k + 64));
        store_bytes(bytes, values, step / 5, (columns - k + 4) / 5);
    }
    const size_t rest = columns - k;
    if (rest == 0) return;
    // Filled up with code 1.
    const __m512i ones = _mm512_set1_epi8(1);
    const __mmask64 low = rest < 64 ? ((__mmask64)1 << rest) - 1 : ~(__mmask64)0;
    const __mmask64 high = rest < 64 ? 0 : ((__mmask64)1 << (rest - 64)) - 1;
    __m512i first = _mm512_mask_loadu_epi8(ones, low, codes + k);
    __m512i second = _mm512_mask_loadu_epi8(ones, high, codes + k + 64);
    store_bytes(bytes, bytes_of(plan, first, second), (rest + 4) / 5, 0);
}

static void pack_t5_groups_avx512(const uint8_t *codes, size_t group_count, size_t group, uint8_t *bytes) {
    const size_t byte_count = ((group + 4) / 5 + 1) / 2 * 2;
    const size_t together = group == 64 ? 2 : 1;
    const fives_plan plan = group == 64 ? two_runs() : one_run();
    size_t g = 0;
    if (group == 64 || group == 128) {
        for (; group_count - g >= together; g += together) {
            const uint8_t *from = codes + g * group;
            __m512i values = bytes_of(plan, _mm512_loadu_si512(from), _mm512_loadu_si512(from + 64));
            store_bytes(
                bytes + g * byte_count, values, together * byte_count, (group_count - g) * byte_count);
        }
    }
    for (; g < group_count; g++) {
        uint8_t *out = bytes + g * byte_count;
        pack_t5_avx512(codes + g * group, group, out);
        if ((group + 4) / 5 < byte_count) out[byte_count - 1] = BN_T5_ZEROS;
    }
}

// ---- Blocks ----------------------------------------------------------------------------------------------

// As pairs_in_order: two bytes in each eight, and every pair of bits shifted to the end of a byte.
INLINE void shifted_pairs(const uint8_t *bytes, uint8_t *codes) {
    const __m512i shifts = _mm512_set1_epi64(0x0e0c0a0806040200);
    __m512i twos = _mm512_cvtepu16_epi64(_mm_loadu_si128((const __m128i *)bytes));
    __m512i pairs = _mm512_multishift_epi64_epi8(shifts, twos);
    _mm512_storeu_si512(codes, _mm512_and_si512(pairs, _mm512_set1_epi8(3)));
}

// A digit of the fraction that a byte is, see next_digit: 3 to its place is `power`.
#define DIGIT(byte, power) (3 * ((byte) * (power) & 255) >> 8)
// The first four digits, two bits each; and the fifth, or 128 for a byte that is never written.
#define FOUR_DIGITS(byte) (DIGIT(byte, 1) | DIGIT(byte, 3) << 2 | DIGIT(byte, 9) << 4 | DIGIT(byte, 27) << 6)
#define LAST_DIGIT(byte) (((byte) * 243 & 255) > 242 ? 128 : DIGIT(byte, 81))
#define FOUR_OF(f, byte) f(byte), f(byte + 1), f(byte + 2), f(byte + 3)
#define SIXTEEN_OF(f, byte)                                                                                 \
    FOUR_OF(f, byte), FOUR_OF(f, byte + 4), FOUR_OF(f, byte + 8), FOUR_OF(f, byte + 12)
#define SIXTY_FOUR_OF(f, byte)                                                                              \
    SIXTEEN_OF(f, byte), SIXTEEN_OF(f, byte + 16), SIXTEEN_OF(f, byte + 32), SIXTEEN_OF(f, byte + 48)
#define ALL_OF(f) SIXTY_FOUR_OF(f, 0), SIXTY_FOUR_OF(f, 64), SIXTY_FOUR_OF(f, 128), SIXTY_FOUR_OF(f, 192)

static const uint8_t four_digits[256] = {ALL_OF(FOUR_DIGITS)}, last_digit[256] = {ALL_OF(LAST_DIGIT)};

INLINE __m512i looked_up(const uint8_t *table, __m512i bytes) {
    __m512i low = _mm512_permutex2var_epi8(_mm512_loadu_si512(table), bytes, _mm512_loadu_si512(table + 64));
    __m512i high =
        _mm512_permutex2var_epi8(_mm512_loadu_si512(table + 128), bytes, _mm512_loadu_si512(table + 192));
    return _mm512_mask_mov_epi8(low, _mm512_movepi8_mask(bytes), high);
}

// As ptq1_block: every eight codes are one digit of eight bytes, or at the end four of two.
INLINE void ptq1_block_avx512(const uint8_t *block, uint8_t *codes, bytes32 *bad) {
    const __mmask64 digits = ((__mmask64)1 << 26) - 1, of_last = 0x00ff00000000ffff;
    // The bit from which on each byte of an eight is taken: for the first digit, and how much further for the next.
    const int64_t from = 0x3830282018100800, next = 0x0202020202020202;
    const int64_t second_from = from + next, third_from = second_from + next, fourth_from = third_from + next;
    const __m512i lower_shifts = _mm512_set_epi64(
        fourth_from, fourth_from, third_from, third_from, second_from, second_from, from, from);
    const __m512i upper_shifts = _mm512_set_epi64(
        from + 0x0606040402020000, 0, fourth_from, third_from, second_from, from, 0, 0);
    const int64_t eight = 0x0706050403020100, third = eight + 0x1010101010101010;
    const __m512i upper_places = _mm512_set_epi64(
        0x1918191819181918, third, third, third, third, third, eight + 0x0808080808080808, eight);
    const __m512i lower_eights = _mm512_set_epi64(1, 0, 1, 0, 1, 0, 1, 0), three = _mm512_set1_epi8(3);
    __m512i bytes = _mm512_maskz_loadu_epi8(digits, block);
    __m512i four = looked_up(four_digits, bytes), last = looked_up(last_digit, bytes);
    *bad |= (bytes32)_mm512_castsi512_si256(last) & 128;
    __m512i lower =
        _mm512_multishift_epi64_epi8(lower_shifts, _mm512_permutexvar_epi64(lower_eights, four));
    _mm512_storeu_si512(codes, _mm512_and_si512(lower, three));
    __m512i upper = _mm512_maskz_multishift_epi64_epi8(
        ~of_last, upper_shifts, _mm512_permutexvar_epi8(upper_places, four));
    __m512i fifth = _mm512_maskz_permutexvar_epi8(of_last, upper_places, last);
    _mm512_storeu_si512(codes + 64, _mm512_or_si512(_mm512_and_si512(upper, three), fifth));
}

INLINE void block_codes_avx512(bn_block_type type, const uint8_t *block, uint8_t *codes, bytes32 *bad) {
    switch (type) {
    case BN_BLOCK_Q2_128:
        gather_threes(block + 18, bad);
        shifted_pairs(block + 18, codes + 64);
        // fall through
    case BN_BLOCK_Q2_64:
        gather_threes(block + 2, bad);
        shifted_pairs(block + 2, codes);
        break;
    case BN_BLOCK_PTQ1: ptq1_block_avx512(block, codes, bad); break;
    default: block_codes(type, block, codes, bad);
    }
}

static size_t unpack_blocks_avx512(
    bn_block_type type, const uint8_t *blocks, size_t count, uint8_t *codes, uint16_t *scales) {
    switch (type) {
    case BN_BLOCK_Q2_64: return blocks_of(BN_BLOCK_Q2_64, block_codes_avx512, blocks, count, codes, scales);
    case BN_BLOCK_Q2_128: return blocks_of(BN_BLOCK_Q2_128, block_codes_avx512, blocks, count, codes, scales);
    case BN_BLOCK_PTQ1: return blocks_of(BN_BLOCK_PTQ1, block_codes_avx512, blocks, count, codes, scales);
    default: return unpack_blocks(type, blocks, count, codes, scales);
    }
}
