/* Mixes of colours: bytes through first tables, then sums of three colours in whole numbers, clamped, through tables.

   Sums are of 32 bits. In vectors a pixel is a lane of 32 bits: red and green lie in its two halves, blue in the lower
   half of another, so that one instruction multiplies two colours and adds up. */

#include "colour_mixes.h"
#include "dispatch.h"
#include <string.h>

#define LEVELS 256
#define ALPHA 0xff000000u /* of a pixel of four bytes */

static inline int32_t mixed(const Mix *mix, int row, const int32_t *v)
{
    const int32_t *k = mix->coefficients[row];
    int32_t value = (k[0] * v[0] + k[1] * v[1] + k[2] * v[2] + mix->offsets[row]) >> mix->shift;
    value = value < mix->low ? mix->low : value > mix->high ? mix->high : value;
    return mix->entries ? mix->table[value] : value;
}

static void mix_pixels(const Colours *c, const uint8_t *from, uint8_t *to, ptrdiff_t pixels)
{
    const int16_t *tables = (const int16_t *)c->tables;
    int32_t each = c->own[0] == 3 ? LEVELS : 0;
    for (ptrdiff_t i = 0; i < pixels; i++, from += c->channels, to += c->channels) {
        int32_t v[3];
        for (int k = 0; k < 3; k++) v[k] = c->own[0] ? tables[k * each + from[k]] : from[k];
        for (const Mix *mix = c->mixes; mix < c->mixes + c->own[1]; mix++) {
            int32_t red = mixed(mix, 0, v), green = mixed(mix, 1, v), blue = mixed(mix, 2, v);
            v[0] = red, v[1] = green, v[2] = blue;
        }
        if (c->alpha) to[3] = from[3];
        for (int k = 0; k < 3; k++) to[k] = (uint8_t)v[k];
    }
}

#if AUGKIT_X86

/* Two numbers of 16 bits in a lane of 32. */
static inline int32_t pair_of(int32_t low, int32_t high) { return (int32_t)((uint32_t)(low & 0xffff) | (uint32_t)high << 16); }

/* 64 bytes, or those of the mask, through a table of 256 in four registers. */
TARGET_AVX512 static INLINE __m512i found(const __m512i *table, __m512i x)
{
    __m512i low = _mm512_permutex2var_epi8(table[0], x, table[1]);
    __m512i high = _mm512_permutex2var_epi8(table[2], x, table[3]);
    return _mm512_mask_blend_epi8(_mm512_movepi8_mask(x), low, high);
}

TARGET_AVX512 static INLINE void load_table(__m512i *table, const uint8_t *bytes)
{
    for (int i = 0; i < 4; i++) table[i] = _mm512_loadu_si512(bytes + 64 * i);
}

TARGET_AVX512 static void look_up_all(const uint8_t *bytes, __mmask64 kept, const uint8_t *from, uint8_t *to,
                                      ptrdiff_t size)
{
    __m512i table[4];
    load_table(table, bytes);
    for (; size >= 64; size -= 64, from += 64, to += 64) {
        __m512i x = _mm512_loadu_si512(from);
        _mm512_storeu_si512(to, _mm512_mask_mov_epi8(found(table, x), kept, x));
    }
    __mmask64 rest = ((__mmask64)1 << size) - 1;
    __m512i x = _mm512_maskz_loadu_epi8(rest, from);
    _mm512_mask_storeu_epi8(to, rest, _mm512_mask_mov_epi8(found(table, x), kept, x));
}

/* Sixteen pixels at a time, brought into the order of their sources, through a table for each colour. */
TARGET_AVX512 static void look_up_each(const Colours *c, const uint8_t *from, uint8_t *to, ptrdiff_t pixels)
{
    ptrdiff_t channels = c->channels, own = channels - c->alpha;
    uint8_t order[64];
    __mmask64 of[MAX_COLOURS] = {0};
    __m512i tables[MAX_COLOURS][4];
    for (ptrdiff_t i = 0; i < 64; i++) {
        ptrdiff_t k = i % channels;
        order[i] = (uint8_t)(i - k + (k < own ? c->own[k] : k));
        if (k < own) of[k] |= (__mmask64)1 << i;
    }
    for (ptrdiff_t k = 0; k < own; k++) load_table(tables[k], c->tables + k * LEVELS);
    __m512i places = _mm512_loadu_si512(order);
    for (; pixels > 0; pixels -= 16, from += 16 * channels, to += 16 * channels) {
        ptrdiff_t size = (pixels < 16 ? pixels : 16) * channels;
        __mmask64 mask = size == 64 ? ~(__mmask64)0 : ((__mmask64)1 << size) - 1;
        __m512i x = _mm512_permutexvar_epi8(places, _mm512_maskz_loadu_epi8(mask, from)), y = x;
        for (ptrdiff_t k = 0; k < own; k++) y = _mm512_mask_mov_epi8(y, of[k], found(tables[k], x));
        _mm512_mask_storeu_epi8(to, mask, y);
    }
}

TARGET_AVX512 static INLINE __m512i mixed_512(const Mix *mix, int row, __m512i rg, __m512i b)
{
    __m512i red_green = _mm512_set1_epi32(pair_of(mix->coefficients[row][0], mix->coefficients[row][1]));
    __m512i blue = _mm512_set1_epi32(pair_of(mix->coefficients[row][2], 0));
    __m512i sum = _mm512_add_epi32(_mm512_madd_epi16(rg, red_green), _mm512_madd_epi16(b, blue));
    sum = _mm512_add_epi32(sum, _mm512_set1_epi32(mix->offsets[row]));
    sum = _mm512_sra_epi32(sum, _mm_cvtsi32_si128(mix->shift));
    sum = _mm512_min_epi32(_mm512_max_epi32(sum, _mm512_set1_epi32(mix->low)), _mm512_set1_epi32(mix->high));
    if (!mix->entries) return sum;
    return _mm512_srai_epi32(_mm512_slli_epi32(_mm512_i32gather_epi32(sum, mix->table, 2), 16), 16);
}

TARGET_AVX512 static INLINE void mix_512(const Colours *c, const uint8_t *from, uint8_t *to, ptrdiff_t pixels,
                                         int tables, int mixes)
{
    uint8_t split[64], whole[64]; /* places of red and green in a lane; of a pixel's bytes in what is stored */
    int channels = c->channels;
    for (int i = 0; i < 64; i++) {
        int colour = (i / 4) * channels + (i % 4) / 2;
        split[i] = (uint8_t)(tables ? (i % 2) * 64 + colour : colour);
        whole[i] = (uint8_t)(i / channels * 4 + i % channels);
    }
    __m512i at_red_green = _mm512_loadu_si512(split), two = _mm512_set1_epi8(2);
    __m512i at_blue = _mm512_add_epi8(at_red_green, two), at_whole = _mm512_loadu_si512(whole);
    __m512i low[3][4], high[3][4]; /* bytes of first tables */
    for (int k = 0; k < tables; k++) {
        uint8_t halves[2][LEVELS];
        for (int i = 0; i < LEVELS; i++)
            for (int half = 0; half < 2; half++) halves[half][i] = c->tables[(k * LEVELS + i) * 2 + half];
        load_table(low[k], halves[0]);
        load_table(high[k], halves[1]);
    }
    __mmask64 colour_of[3];
    for (int k = 0; k < 3; k++) {
        colour_of[k] = 0;
        for (int i = k; i < 64; i += channels) colour_of[k] |= (__mmask64)1 << i;
    }
    for (; pixels > 0; pixels -= 16, from += 16 * channels, to += 16 * channels) {
        ptrdiff_t size = (pixels < 16 ? pixels : 16) * channels;
        __mmask64 mask = size == 64 ? ~(__mmask64)0 : ((__mmask64)1 << size) - 1;
        __m512i x = _mm512_maskz_loadu_epi8(mask, from), rg, b;
        if (tables) {
            __m512i below = found(low[0], x), above = found(high[0], x);
            for (int k = 1; k < tables; k++) {
                below = _mm512_mask_mov_epi8(below, colour_of[k], found(low[k], x));
                above = _mm512_mask_mov_epi8(above, colour_of[k], found(high[k], x));
            }
            rg = _mm512_permutex2var_epi8(below, at_red_green, above);
            b = _mm512_permutex2var_epi8(below, at_blue, above);
        } else {
            rg = _mm512_maskz_permutexvar_epi8(0x5555555555555555, at_red_green, x);
            b = _mm512_maskz_permutexvar_epi8(0x5555555555555555, at_blue, x);
        }
        const Mix *mix = c->mixes;
        for (int left = mixes;; mix++) {
            __m512i red = mixed_512(mix, 0, rg, b), green = mixed_512(mix, 1, rg, b), blue = mixed_512(mix, 2, rg, b);
            if (--left > 0) {
                rg = _mm512_mask_blend_epi16(0xaaaaaaaa, red, _mm512_slli_epi32(green, 16));
                b = blue;
                continue;
            }
            x = c->alpha ? _mm512_and_si512(x, _mm512_set1_epi32((int)ALPHA)) : _mm512_setzero_si512();
            red = _mm512_or_si512(_mm512_or_si512(red, x), _mm512_slli_epi32(green, 8));
            red = _mm512_or_si512(red, _mm512_slli_epi32(blue, 16));
            _mm512_mask_storeu_epi8(to, mask, channels == 4 ? red : _mm512_permutexvar_epi8(at_whole, red));
            break;
        }
    }
}

/* The commonest programs, each compiled for itself. */
TARGET_AVX512 static void mix_avx512(const Colours *c, const uint8_t *from, uint8_t *to, ptrdiff_t pixels)
{
    if (c->own[0] == 0 && c->own[1] == 1) mix_512(c, from, to, pixels, 0, 1);
    else if (c->own[0] == 1 && c->own[1] == 1) mix_512(c, from, to, pixels, 1, 1);
    else mix_512(c, from, to, pixels, c->own[0], c->own[1]);
}

TARGET_AVX2 static INLINE __m256i mixed_256(const Mix *mix, int row, __m256i rg, __m256i b)
{
    __m256i red_green = _mm256_set1_epi32(pair_of(mix->coefficients[row][0], mix->coefficients[row][1]));
    __m256i blue = _mm256_set1_epi32(pair_of(mix->coefficients[row][2], 0));
    __m256i sum = _mm256_add_epi32(_mm256_madd_epi16(rg, red_green), _mm256_madd_epi16(b, blue));
    sum = _mm256_add_epi32(sum, _mm256_set1_epi32(mix->offsets[row]));
    sum = _mm256_sra_epi32(sum, _mm_cvtsi32_si128(mix->shift));
    sum = _mm256_min_epi32(_mm256_max_epi32(sum, _mm256_set1_epi32(mix->low)), _mm256_set1_epi32(mix->high));
    if (!mix->entries) return sum;
    return _mm256_srai_epi32(_mm256_slli_epi32(_mm256_i32gather_epi32((const int *)mix->table, sum, 2), 16), 16);
}

/* Eight pixels of `channels` bytes as lanes of 32 bits, one each; and the reverse. No byte beyond them is touched. */
TARGET_AVX2 static INLINE __m256i lanes_of(const uint8_t *from, int channels)
{
    if (channels == 4) return _mm256_loadu_si256((const __m256i *)from);
    __m128i first = _mm_loadu_si128((const __m128i *)from), second = _mm_loadu_si128((const __m128i *)(from + 8));
    __m256i both = _mm256_inserti128_si256(_mm256_castsi128_si256(first), second, 1);
    return _mm256_shuffle_epi8(both, _mm256_setr_epi8(0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1, 4, 5, 6, -1,
                                                      7, 8, 9, -1, 10, 11, 12, -1, 13, 14, 15, -1));
}

TARGET_AVX2 static INLINE void give_lanes(__m256i lanes, uint8_t *to, int channels)
{
    if (channels == 4) {
        _mm256_storeu_si256((__m256i *)to, lanes);
        return;
    }
    __m256i packed = _mm256_shuffle_epi8(
        lanes, _mm256_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1, 0, 1, 2, 4, 5, 6, 8, 9, 10, 12,
                                13, 14, -1, -1, -1, -1));
    __m128i first = _mm256_castsi256_si128(packed), second = _mm256_extracti128_si256(packed, 1);
    _mm_storeu_si128((__m128i *)to, _mm_or_si128(first, _mm_slli_si128(second, 12)));
    _mm_storel_epi64((__m128i *)(to + 16), _mm_srli_si128(second, 4));
}

TARGET_AVX2 static void mix_avx2(const Colours *c, const uint8_t *from, uint8_t *to, ptrdiff_t pixels)
{
    const int16_t *tables = (const int16_t *)c->tables;
    int channels = c->channels, each = c->own[0] == 3 ? LEVELS : 0;
    __m256i low = _mm256_set1_epi32(0xff);
    for (; pixels >= 8; pixels -= 8, from += 8 * channels, to += 8 * channels) {
        __m256i x = lanes_of(from, channels), rg, b;
        if (c->own[0]) {
            int32_t pairs[8], blues[8];
            for (int i = 0; i < 8; i++) {
                const uint8_t *pixel = from + i * channels;
                pairs[i] = pair_of(tables[pixel[0]], tables[each + pixel[1]]);
                blues[i] = tables[2 * each + pixel[2]];
            }
            rg = _mm256_loadu_si256((const __m256i *)pairs);
            b = _mm256_loadu_si256((const __m256i *)blues);
        } else {
            rg = _mm256_or_si256(_mm256_and_si256(x, low),
                                 _mm256_and_si256(_mm256_slli_epi32(x, 8), _mm256_slli_epi32(low, 16)));
            b = _mm256_and_si256(_mm256_srli_epi32(x, 16), low);
        }
        const Mix *mix = c->mixes;
        for (int left = c->own[1];; mix++) {
            __m256i red = mixed_256(mix, 0, rg, b), green = mixed_256(mix, 1, rg, b), blue = mixed_256(mix, 2, rg, b);
            if (--left > 0) {
                rg = _mm256_blend_epi16(red, _mm256_slli_epi32(green, 16), 0xaa);
                b = blue;
                continue;
            }
            x = c->alpha ? _mm256_and_si256(x, _mm256_set1_epi32((int)ALPHA)) : _mm256_setzero_si256();
            red = _mm256_or_si256(_mm256_or_si256(red, x), _mm256_slli_epi32(green, 8));
            give_lanes(_mm256_or_si256(red, _mm256_slli_epi32(blue, 16)), to, channels);
            break;
        }
    }
    mix_pixels(c, from, to, pixels);
}

#endif

void augkit_mix(const Colours *c, const uint8_t *from, uint8_t *to, ptrdiff_t pixels)
{
#if AUGKIT_X86
    if (augkit_path == AVX512) mix_avx512(c, from, to, pixels);
    else if (augkit_path == AVX2) mix_avx2(c, from, to, pixels);
    else
#endif
        mix_pixels(c, from, to, pixels);
}

int augkit_look_up(const Colours *c, const uint8_t *from, uint8_t *to, ptrdiff_t pixels)
{
#if AUGKIT_X86
    if (augkit_path == AVX512 && c->kind == TABLE && (!c->alpha || c->channels == 4)) {
        look_up_all(c->tables, c->alpha ? 0x8888888888888888 : 0, from, to, pixels * c->channels);
        return 1;
    }
    if (augkit_path == AVX512 && c->kind == TABLES && c->channels <= MAX_COLOURS) {
        look_up_each(c, from, to, pixels);
        return 1;
    }
#endif
    (void)c, (void)from, (void)to, (void)pixels;
    return 0;
}
