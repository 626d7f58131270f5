/* Mixes of colours: bytes through first tables, then sums of three colours in whole numbers, clamped, through tables.

   Sums are of 32 bits. In vectors a pixel is a lane of 32 bits: red and green lie in its two halves, blue in the lower
   half of another, so that one instruction multiplies two colours and adds up. */

#include "colour_kinds.h"
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
static inline int32_t pair_of(int32_t low, int32_t high)
{
    return (int32_t)((uint32_t)(low & 0xffff) | (uint32_t)high << 16);
}

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

/* Sixteen pixels at a time, which `changed` makes of a register of them, `x`. Stores of three bytes a pixel are whole
   registers, too, since masked ones are slow: the bytes that they write too much are written again by the next one,
   whose pixels were read before. The last ones of a row, where that could go beyond its end, are done under masks. */
#define IN_SIXTEENS(channels, changed)                                                                \
    ptrdiff_t size = 16 * (channels), left = pixels * (channels);                                     \
    __m512i x, next = _mm512_maskz_loadu_epi8(mask_of(left), from);                                   \
    for (; left >= 64 + size; left -= size, to += size) {                                             \
        x = next, from += size;                                                                       \
        next = _mm512_loadu_si512(from);                                                              \
        _mm512_storeu_si512(to, (changed));                                                           \
    }                                                                                                 \
    for (; left > 0; left -= size, to += size) {                                                      \
        x = next, from += size;                                                                       \
        if (left > size) next = _mm512_maskz_loadu_epi8(mask_of(left - size), from);                  \
        _mm512_mask_storeu_epi8(to, mask_of(left < size ? left : size), (changed));                   \
    }

/* A mask of the first bytes of a register. */
static inline uint64_t mask_of(ptrdiff_t bytes) { return bytes >= 64 ? ~(uint64_t)0 : ((uint64_t)1 << bytes) - 1; }

/* Pixels in the order of their sources, each colour through a table of its own. */
typedef struct {
    __m512i places, tables[MAX_COLOURS][4];
    __mmask64 of[MAX_COLOURS];
} Tables512;

TARGET_AVX512 static INLINE __m512i found_each(const Tables512 *t, __m512i x, ptrdiff_t own)
{
    x = _mm512_permutexvar_epi8(t->places, x);
    __m512i y = x;
    for (ptrdiff_t k = 0; k < own; k++) y = _mm512_mask_mov_epi8(y, t->of[k], found(t->tables[k], x));
    return y;
}

TARGET_AVX512 static INLINE void look_up_each(const Colours *c, const uint8_t *from, uint8_t *to, ptrdiff_t pixels,
                                              ptrdiff_t own)
{
    ptrdiff_t channels = c->channels;
    uint8_t order[64];
    Tables512 t = {0};
    for (ptrdiff_t i = 0; i < 64; i++) {
        ptrdiff_t k = i % channels;
        order[i] = (uint8_t)(i - k + (k < own ? c->own[k] : k));
        if (k < own) t.of[k] |= (__mmask64)1 << i;
    }
    t.places = _mm512_loadu_si512(order);
    for (ptrdiff_t k = 0; k < own; k++) load_table(t.tables[k], c->tables + k * LEVELS);
    IN_SIXTEENS(channels, found_each(&t, x, own))
}

TARGET_AVX512 static void look_up_avx512(const Colours *c, const uint8_t *from, uint8_t *to, ptrdiff_t pixels)
{
    if (c->kind == TABLE)
        look_up_all(c->tables, c->alpha ? 0x8888888888888888 : 0, from, to, pixels * c->channels);
    else if (c->channels - c->alpha == 3) look_up_each(c, from, to, pixels, 3);
    else look_up_each(c, from, to, pixels, c->channels - c->alpha);
}

/* A mix, and what comes before and after mixes, in registers. */
typedef struct {
    __m512i red_green[3], blue[3], offsets[3], low, high;
    __m128i shift;
    const int16_t *table;
} Mix512;

typedef struct {
    __m512i at_red_green, at_blue, at_whole, least, most; /* places of bytes; limits of bytes */
    __m512i low[3][4], high[3][4]; /* bytes of first tables */
    __mmask64 of[3];
    Mix512 mixes[MAX_MIXES];
} Mixes512;

TARGET_AVX512 static INLINE void read_512(const Colours *c, Mixes512 *m)
{
    uint8_t split[64], whole[64]; /* places of red and green in a lane; of a pixel's bytes in what is stored */
    ptrdiff_t channels = c->channels;
    for (int k = 0; k < 3; k++) m->of[k] = 0;
    for (ptrdiff_t i = 0; i < 64; i++) {
        ptrdiff_t colour = i / 4 * channels + i % 4 / 2;
        split[i] = (uint8_t)(c->own[0] ? i % 2 * 64 + colour : colour);
        whole[i] = (uint8_t)(i / channels / 4 * 16 + i % channels * 4 + i / channels % 4);
        if (i % channels < 3) m->of[i % channels] |= (__mmask64)1 << i;
    }
    m->at_red_green = _mm512_loadu_si512(split);
    m->at_blue = _mm512_add_epi8(m->at_red_green, _mm512_set1_epi8(2));
    m->at_whole = _mm512_loadu_si512(whole);
    const Mix *last = c->mixes + c->own[1] - 1; /* its table has bytes in it */
    m->least = _mm512_set1_epi8((char)(last->entries ? 0 : last->low));
    m->most = _mm512_set1_epi8((char)(last->entries ? 255 : last->high));
    for (int k = 0; k < c->own[0]; k++) {
        uint8_t halves[2][LEVELS];
        for (int i = 0; i < 2 * LEVELS; i++) halves[i % 2][i / 2] = c->tables[k * 2 * LEVELS + i];
        load_table(m->low[k], halves[0]);
        load_table(m->high[k], halves[1]);
    }
    for (int i = 0; i < c->own[1]; i++) {
        const Mix *mix = c->mixes + i;
        for (int row = 0; row < 3; row++) {
            const int32_t *k = mix->coefficients[row];
            m->mixes[i].red_green[row] = _mm512_set1_epi32(pair_of(k[0], k[1]));
            m->mixes[i].blue[row] = _mm512_set1_epi32(pair_of(k[2], 0));
            m->mixes[i].offsets[row] = _mm512_set1_epi32(mix->offsets[row]);
        }
        m->mixes[i].low = _mm512_set1_epi32(mix->low);
        m->mixes[i].high = _mm512_set1_epi32(mix->high);
        m->mixes[i].shift = _mm_cvtsi32_si128(mix->shift);
        m->mixes[i].table = mix->entries ? mix->table : NULL;
    }
}

TARGET_AVX512 static INLINE __m512i mixed_row_512(const Mix512 *mix, int row, __m512i rg, __m512i b, int is_last)
{
    __m512i sum = _mm512_add_epi32(_mm512_madd_epi16(rg, mix->red_green[row]), mix->offsets[row]);
    sum = _mm512_sra_epi32(_mm512_add_epi32(sum, _mm512_madd_epi16(b, mix->blue[row])), mix->shift);
    if (is_last && !mix->table) return sum; /* bytes are clamped together */
    sum = _mm512_min_epi32(_mm512_max_epi32(sum, mix->low), mix->high);
    if (!mix->table) return sum;
    return _mm512_srai_epi32(_mm512_slli_epi32(_mm512_i32gather_epi32(sum, mix->table, 2), 16), 16);
}

/* Sixteen pixels after first tables and mixes; `rows` is 1 where all three of a mix are alike: a picture in greys. */
TARGET_AVX512 static INLINE __m512i mixed_512(const Mixes512 *m, __m512i x, int tables, int mixes, int rows,
                                              ptrdiff_t channels)
{
    __m512i rg, b;
    if (tables) {
        __m512i low = found(m->low[0], x), high = found(m->high[0], x);
        for (int k = 1; k < tables; k++) {
            low = _mm512_mask_mov_epi8(low, m->of[k], found(m->low[k], x));
            high = _mm512_mask_mov_epi8(high, m->of[k], found(m->high[k], x));
        }
        rg = _mm512_permutex2var_epi8(low, m->at_red_green, high);
        b = _mm512_permutex2var_epi8(low, m->at_blue, high);
    } else {
        rg = _mm512_maskz_permutexvar_epi8(0x5555555555555555, m->at_red_green, x);
        b = _mm512_maskz_permutexvar_epi8(0x5555555555555555, m->at_blue, x);
    }
    __m512i red = rg, green = rg, blue = b;
    for (int i = 0; i < mixes; i++) {
        if (i) rg = _mm512_mask_blend_epi16(0xaaaaaaaa, red, _mm512_slli_epi32(green, 16)), b = blue;
        red = mixed_row_512(m->mixes + i, 0, rg, b, i == mixes - 1);
        green = rows == 1 ? red : mixed_row_512(m->mixes + i, 1, rg, b, i == mixes - 1);
        blue = rows == 1 ? red : mixed_row_512(m->mixes + i, 2, rg, b, i == mixes - 1);
    }
    b = _mm512_packus_epi16(_mm512_packs_epi32(red, green), _mm512_packs_epi32(blue, blue));
    b = _mm512_min_epu8(_mm512_max_epu8(b, m->least), m->most);
    return channels == 4 ? _mm512_mask_permutexvar_epi8(x, 0x7777777777777777, m->at_whole, b)
                         : _mm512_permutexvar_epi8(m->at_whole, b);
}

TARGET_AVX512 static INLINE void mix_512(const Colours *c, const uint8_t *from, uint8_t *to, ptrdiff_t pixels,
                                         int tables, int mixes, int rows, ptrdiff_t channels)
{
    Mixes512 m;
    read_512(c, &m);
    IN_SIXTEENS(channels, mixed_512(&m, x, tables, mixes, rows, channels))
}

static int are_alike(const Mix *mix)
{
    const int32_t *k = mix->coefficients[0], *o = mix->offsets;
    return !memcmp(k, k + 3, sizeof mix->coefficients[0]) && !memcmp(k, k + 6, sizeof mix->coefficients[0]) &&
           o[0] == o[1] && o[0] == o[2];
}

/* The commonest programs, each compiled for itself, so that what they need stays in registers. */
TARGET_AVX512 static void mix_avx512(const Colours *c, const uint8_t *from, uint8_t *to, ptrdiff_t pixels)
{
    int tables = c->own[0], mixes = c->own[1];
    if (mixes == 1 && are_alike(c->mixes)) mix_512(c, from, to, pixels, tables, 1, 1, c->channels);
    else if (c->channels == 3 && mixes == 1 && tables == 0) mix_512(c, from, to, pixels, 0, 1, 3, 3);
    else if (c->channels == 3 && mixes == 1 && tables == 1) mix_512(c, from, to, pixels, 1, 1, 3, 3);
    else mix_512(c, from, to, pixels, tables, mixes, 3, c->channels);
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

/* 32 bytes through a table of 256: sixteen at a time by the lower four bits, of which those of the upper four are
   chosen, bit by bit. A table in both halves of each register. */
TARGET_AVX2 static INLINE __m256i found_256(const __m256i *table, __m256i x)
{
    __m256i below = _mm256_and_si256(x, _mm256_set1_epi8(15)), found[16];
    for (int k = 0; k < 16; k++) found[k] = _mm256_shuffle_epi8(table[k], below);
    for (int bit = 4, left = 8; bit < 8; bit++, left /= 2) {
        __m256i chosen = _mm256_slli_epi16(x, 7 - bit); /* the bit is the highest one of its byte */
        for (int k = 0; k < left; k++) found[k] = _mm256_blendv_epi8(found[2 * k], found[2 * k + 1], chosen);
    }
    return found[0];
}

TARGET_AVX2 static void look_up_avx2(const Colours *c, const uint8_t *from, uint8_t *to, ptrdiff_t size)
{
    __m256i table[16], alpha = _mm256_set1_epi32(c->alpha ? (int32_t)ALPHA : 0);
    for (int k = 0; k < 16; k++)
        table[k] = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(c->tables + 16 * k)));
    for (; size >= 32; size -= 32, from += 32, to += 32) {
        __m256i x = _mm256_loadu_si256((const __m256i *)from);
        _mm256_storeu_si256((__m256i *)to, _mm256_blendv_epi8(found_256(table, x), x, alpha));
    }
    for (ptrdiff_t i = 0; i < size; i++) to[i] = c->alpha && i % 4 == 3 ? from[i] : c->tables[from[i]];
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
    int fits = c->kind == TABLE ? !c->alpha || c->channels == 4 : c->channels <= MAX_COLOURS;
    if (augkit_path == AVX512 && fits) {
        look_up_avx512(c, from, to, pixels);
        return 1;
    }
    if (augkit_path == AVX2 && fits && c->kind == TABLE) {
        look_up_avx2(c, from, to, pixels * c->channels);
        return 1;
    }
#endif
    (void)c, (void)from, (void)to, (void)pixels;
    return 0;
}
