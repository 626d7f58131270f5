/* Blocks of 8 x 8 through the cosine transform of JPEG, its quantisation and back, in whole numbers.

   The arithmetic is that of the slow and accurate integer method that libjpeg has by default: each one-dimensional
   transform with constants of 13 bits, 2 bits kept between rows and columns, rounded half up after each. Its bytes are
   libjpeg's. One row of blocks is done at a time: number (row, column) of all its blocks side by side, so that every
   instruction works on neighbouring blocks.

   References: Loeffler, Ligtenberg and Moschytz, "Practical fast 1-D DCT algorithms with 11 multiplications", ICASSP
   1989; ITU-T T.81, 1992, annexes A and K. */

#include "jpeg_blocks.h"
#include "dispatch.h"
#include <stdlib.h>

enum { BITS = 13, KEPT = 2 };

/* What a round of the loop writes, no other reads: of eight places apart from each other no compiler sees it. */
#if defined(__clang__)
#define INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define INDEPENDENT _Pragma("GCC ivdep")
#endif

/* sqrt(2) cos(k pi / 16) times 2 ** 13, as sums of the rounded constants of the paper's flow graph, which is why two of
   them differ by 1 from place to place. */
enum { C2 = 10703, C6 = 4433, MINUS_C2 = -10704 };
static const int32_t ODD[4][4] = {
    /* coefficients 1, 3, 5, 7 by the differences of samples 0 and 7, 1 and 6, 2 and 5, 3 and 4 */
    {11363, 9633, 6437, 2260},
    {9633, -2259, -11362, -6436},
    {6437, -11362, 2261, 9633},
    {2260, -6436, 9633, -11363},
};

static const uint8_t LUMA[64] = {
    16, 11, 10, 16, 24,  40,  51,  61,  12, 12, 14, 19, 26,  58,  60,  55,  14, 13, 16, 24, 40,  57,
    69, 56, 14, 17, 22,  29,  51,  87,  80, 62, 18, 22, 37,  56,  68,  109, 103, 77, 24, 35, 55, 64,
    81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99};
static const uint8_t CHROMA[64] = {
    17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99,
    99, 99, 47, 66, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99};

void augkit_jpeg_steps(int quality, int is_chroma, Steps *steps)
{
    int percent = quality < 50 ? 5000 / quality : 200 - 2 * quality;
    for (int place = 0; place < 64; place++) {
        int step = ((is_chroma ? CHROMA : LUMA)[place] * percent + 50) / 100;
        step = step < 1 ? 1 : step > 255 ? 255 : step;
        int divisor = 8 * step, bits = 0; /* transforms come out eight times as large */
        while (divisor >> bits > 1) bits++;
        steps->step[place] = step;
        steps->half[place] = divisor / 2;
        steps->shift[place] = 15 + bits;
        steps->factor[place] = (int32_t)((((int64_t)1 << steps->shift[place]) + divisor - 1) / divisor);
    }
}

static INLINE int32_t rounded(int32_t value, int bits) { return (value + (1 << bits) / 2) >> bits; }

/* Transform eight numbers `apart` from each other, at `count` places side by side; rows first, then columns. */
static INLINE void forward_body(const int16_t *restrict from, ptrdiff_t apart, ptrdiff_t count, int is_second,
                                int16_t *restrict to)
{
    const int bits = is_second ? BITS + KEPT : BITS - KEPT;
    INDEPENDENT
    for (ptrdiff_t i = 0; i < count; i++) {
        const int16_t *x = from + i;
        int16_t *y = to + i;
        int32_t sums[4], differences[4];
        for (int k = 0; k < 4; k++) {
            sums[k] = x[k * apart] + x[(7 - k) * apart];
            differences[k] = x[k * apart] - x[(7 - k) * apart];
        }
        int32_t outer = sums[0] + sums[3], inner = sums[1] + sums[2];
        int32_t wide = sums[0] - sums[3], narrow = sums[1] - sums[2];
        y[0] = (int16_t)(is_second ? rounded(outer + inner, KEPT) : (outer + inner) << KEPT);
        y[4 * apart] = (int16_t)(is_second ? rounded(outer - inner, KEPT) : (outer - inner) << KEPT);
        y[2 * apart] = (int16_t)rounded(wide * C2 + narrow * C6, bits);
        y[6 * apart] = (int16_t)rounded(wide * C6 + narrow * MINUS_C2, bits);
        for (int k = 0; k < 4; k++)
            y[(2 * k + 1) * apart] =
                (int16_t)rounded(differences[0] * ODD[k][0] + differences[1] * ODD[k][1] + differences[2] * ODD[k][2] +
                                     differences[3] * ODD[k][3],
                                 bits);
    }
}

AUGKIT_PATHS(void, forward,
             (const int16_t *from, ptrdiff_t apart, ptrdiff_t count, int is_second, int16_t *to),
             (from, apart, count, is_second, to))

/* The inverse, columns first, then rows, which end as bytes' numbers about 0. */
static INLINE void backward_body(const int16_t *restrict from, ptrdiff_t apart, ptrdiff_t count, int is_second,
                                 int16_t *restrict to)
{
    const int bits = is_second ? BITS + KEPT + 3 : BITS - KEPT;
    INDEPENDENT
    for (ptrdiff_t i = 0; i < count; i++) {
        const int16_t *x = from + i;
        int16_t *y = to + i;
        int32_t outer = (x[0] + x[4 * apart]) * (1 << BITS), inner = (x[0] - x[4 * apart]) * (1 << BITS);
        int32_t wide = x[2 * apart] * C2 + x[6 * apart] * C6, narrow = x[2 * apart] * C6 + x[6 * apart] * MINUS_C2;
        int32_t sums[4] = {outer + wide, inner + narrow, inner - narrow, outer - wide};
        for (int k = 0; k < 4; k++) {
            int32_t odd = x[apart] * ODD[0][k] + x[3 * apart] * ODD[1][k] + x[5 * apart] * ODD[2][k] +
                          x[7 * apart] * ODD[3][k];
            y[k * apart] = (int16_t)rounded(sums[k] + odd, bits);
            y[(7 - k) * apart] = (int16_t)rounded(sums[k] - odd, bits);
        }
    }
}

AUGKIT_PATHS(void, backward,
             (const int16_t *from, ptrdiff_t apart, ptrdiff_t count, int is_second, int16_t *to),
             (from, apart, count, is_second, to))

static INLINE void quantised_body(int16_t *values, ptrdiff_t count, int32_t step, int32_t half, int32_t factor,
                                  int32_t shift)
{
    for (ptrdiff_t i = 0; i < count; i++) {
        int32_t value = values[i], size = value < 0 ? -value : value;
        int32_t kept = (((size + half) * factor) >> shift) * step;
        values[i] = (int16_t)(value < 0 ? -kept : kept);
    }
}

AUGKIT_PATHS(void, quantised,
             (int16_t *values, ptrdiff_t count, int32_t step, int32_t half, int32_t factor, int32_t shift),
             (values, count, step, half, factor, shift))

/* Write number k of eight blocks' rows of eight bytes, about 0, to `to` + k * column; and the way back. */
#if AUGKIT_X86
/* Transpose 8 x 8 bytes, two rows a vector. */
static INLINE void transpose(__m128i rows[4])
{
    __m128i a = _mm_unpacklo_epi8(rows[0], rows[2]), b = _mm_unpackhi_epi8(rows[0], rows[2]);
    __m128i c = _mm_unpacklo_epi8(rows[1], rows[3]), d = _mm_unpackhi_epi8(rows[1], rows[3]);
    __m128i even = _mm_unpacklo_epi8(a, c), even_end = _mm_unpackhi_epi8(a, c);
    __m128i odd = _mm_unpacklo_epi8(b, d), odd_end = _mm_unpackhi_epi8(b, d);
    rows[0] = _mm_unpacklo_epi8(even, odd), rows[1] = _mm_unpackhi_epi8(even, odd);
    rows[2] = _mm_unpacklo_epi8(even_end, odd_end), rows[3] = _mm_unpackhi_epi8(even_end, odd_end);
}

static INLINE void spread(const uint8_t *from, ptrdiff_t column, int16_t *to)
{
    const __m128i zero = _mm_setzero_si128(), middle = _mm_set1_epi16(128);
    __m128i rows[4];
    for (int pair = 0; pair < 4; pair++) rows[pair] = _mm_loadu_si128((const __m128i *)(from + 16 * pair));
    transpose(rows);
    for (int pair = 0; pair < 4; pair++) {
        __m128i first = _mm_unpacklo_epi8(rows[pair], zero), second = _mm_unpackhi_epi8(rows[pair], zero);
        _mm_storeu_si128((__m128i *)(to + 2 * pair * column), _mm_sub_epi16(first, middle));
        _mm_storeu_si128((__m128i *)(to + (2 * pair + 1) * column), _mm_sub_epi16(second, middle));
    }
}

static INLINE void gather(const int16_t *from, ptrdiff_t column, uint8_t *to)
{
    const __m128i middle = _mm_set1_epi16(128);
    __m128i rows[4];
    for (int pair = 0; pair < 4; pair++) {
        __m128i first = _mm_loadu_si128((const __m128i *)(from + 2 * pair * column));
        __m128i second = _mm_loadu_si128((const __m128i *)(from + (2 * pair + 1) * column));
        rows[pair] = _mm_packus_epi16(_mm_add_epi16(first, middle), _mm_add_epi16(second, middle));
    }
    transpose(rows);
    for (int pair = 0; pair < 4; pair++) _mm_storeu_si128((__m128i *)(to + 16 * pair), rows[pair]);
}
#else
static INLINE void spread(const uint8_t *from, ptrdiff_t column, int16_t *to)
{
    for (int k = 0; k < 8; k++)
        for (int block = 0; block < 8; block++) to[k * column + block] = (int16_t)(from[8 * block + k] - 128);
}

static INLINE void gather(const int16_t *from, ptrdiff_t column, uint8_t *to)
{
    for (int k = 0; k < 8; k++)
        for (int block = 0; block < 8; block++) {
            int value = from[k * column + block] + 128;
            to[8 * block + k] = (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
        }
}
#endif

int augkit_jpeg_plane(uint8_t *plane, ptrdiff_t width, ptrdiff_t height, const Steps *steps)
{
    const ptrdiff_t blocks = width / 8, column = 8 * blocks; /* numbers of all rows of one column of every block */
    int16_t *a = malloc(2 * 64 * blocks * sizeof *a), *b = a + 64 * blocks;
    if (!a) return 0;
    for (ptrdiff_t top = 0; top < height; top += 8) {
        uint8_t *rows = plane + top * width;
        for (ptrdiff_t y = 0; y < 8; y++)
            for (ptrdiff_t block = 0; block < blocks; block += 8)
                spread(rows + y * width + 8 * block, column, a + y * blocks + block);
        forward(a, column, column, 0, b);
        for (ptrdiff_t x = 0; x < 8; x++) forward(b + x * column, blocks, blocks, 1, a + x * column);
        for (ptrdiff_t x = 0; x < 8; x++)
            for (ptrdiff_t y = 0; y < 8; y++) {
                const ptrdiff_t place = 8 * y + x;
                quantised(a + x * column + y * blocks, blocks, steps->step[place], steps->half[place],
                          steps->factor[place], steps->shift[place]);
            }
        for (ptrdiff_t x = 0; x < 8; x++) backward(a + x * column, blocks, blocks, 0, b + x * column);
        backward(b, column, column, 1, a);
        for (ptrdiff_t y = 0; y < 8; y++)
            for (ptrdiff_t block = 0; block < blocks; block += 8)
                gather(a + y * blocks + block, column, rows + y * width + 8 * block);
    }
    free(a);
    return 1;
}
