/* Rows of separable sampling of uint8 pictures in vectors of 512 bits: as separable_bytes.c, four rows at a time. */

#include "separable.h"
#include "shuffles.h"

#if AUGKIT_X86

typedef struct {
    __m512i first, second, closed; /* taps 0 and 1, taps 2 and 3; two pixels of four sums closed up */
    int channels;
} Shape;

/* 16 or 8 bytes of each of four rows. */
TARGET_AVX512 static INLINE __m512i four_rows(const char *const *rows, ptrdiff_t at, int is_pair)
{
    if (is_pair) {
        __m256i low = _mm256_inserti128_si256(
            _mm256_castsi128_si256(_mm_loadl_epi64((const __m128i *)(rows[0] + at))),
            _mm_loadl_epi64((const __m128i *)(rows[1] + at)), 1);
        __m256i high = _mm256_inserti128_si256(
            _mm256_castsi128_si256(_mm_loadl_epi64((const __m128i *)(rows[2] + at))),
            _mm_loadl_epi64((const __m128i *)(rows[3] + at)), 1);
        return _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
    }
    return _mm512_inserti64x4(_mm512_castsi256_si512(two_places(rows[0] + at, rows[1] + at)),
                              two_places(rows[2] + at, rows[3] + at), 1);
}

TARGET_AVX512 static INLINE __m512i wide_pair(const int16_t *weights)
{
    int32_t pair;
    memcpy(&pair, weights, 4);
    return _mm512_set1_epi32(pair);
}

/* Sums of a pixel in four rows: four lanes of 32 bits each, one a channel. */
TARGET_AVX512 static INLINE __m512i pixel_sums(Shape shape, const char *const *rows, ptrdiff_t at,
                                               const int16_t *weights, int padded)
{
    __m512i sum = _mm512_set1_epi32(1 << (SUM_BITS - 1));
    if (padded == 2) {
        __m512i taps = _mm512_shuffle_epi8(four_rows(rows, at, 1), shape.first);
        return _mm512_srai_epi32(_mm512_dpwssd_epi32(sum, taps, wide_pair(weights)), SUM_BITS);
    }
    for (int k = 0; k < padded; k += 4) {
        __m512i taps = four_rows(rows, at + k * shape.channels, 0);
        sum = _mm512_dpwssd_epi32(sum, _mm512_shuffle_epi8(taps, shape.first), wide_pair(weights + k));
        sum = _mm512_dpwssd_epi32(sum, _mm512_shuffle_epi8(taps, shape.second), wide_pair(weights + k + 2));
    }
    return _mm512_srai_epi32(sum, SUM_BITS);
}

TARGET_AVX512 static INLINE void rows_by(const Columns *columns, const char *const *rows, char *const *sums,
                                         int channels, int padded)
{
    uint8_t masks[3][16];
    augkit_pair_shuffle(channels, 0, 0, masks[0]);
    augkit_pair_shuffle(channels, 2, 0, masks[1]);
    augkit_close_words(channels, masks[2]);
    const Shape shape = {_mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)masks[0])),
                         _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)masks[1])),
                         _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)masks[2])), channels};
    const int16_t *weights = columns->weights;
    for (ptrdiff_t j = 0; j < columns->width; j += 2, weights += 2 * padded) {
        ptrdiff_t next = j + 1 < columns->width, to = j * 2 * channels;
        ptrdiff_t a = (ptrdiff_t)columns->base[j] * channels, b = (ptrdiff_t)columns->base[j + next] * channels;
        __m512i first = pixel_sums(shape, rows, a, weights, padded);
        __m512i second = pixel_sums(shape, rows, b, weights + next * padded, padded);
        __m512i both = _mm512_shuffle_epi8(_mm512_packs_epi32(first, second), shape.closed);
        _mm_storeu_si128((__m128i *)(sums[0] + to), _mm512_castsi512_si128(both));
        _mm_storeu_si128((__m128i *)(sums[1] + to), _mm512_extracti32x4_epi32(both, 1));
        _mm_storeu_si128((__m128i *)(sums[2] + to), _mm512_extracti32x4_epi32(both, 2));
        _mm_storeu_si128((__m128i *)(sums[3] + to), _mm512_extracti32x4_epi32(both, 3));
    }
}

TARGET_AVX512 static void across_wide(const Columns *columns, const char *const *rows, char *const *sums)
{
    int channels = columns->channels, padded = columns->padded;
    if (channels == 3 && padded == 4) rows_by(columns, rows, sums, 3, 4);
    else if (channels == 3 && padded == 2) rows_by(columns, rows, sums, 3, 2);
    else rows_by(columns, rows, sums, channels, padded);
}

TARGET_AVX512 static INLINE __m512i levels_of(const char *const *sums, const int16_t *weights, int taps, ptrdiff_t at)
{
    __m512i low = _mm512_set1_epi32(1 << (LEVEL_BITS - 1)), high = low;
    for (int k = 0; k < taps; k += 2) {
        int16_t two[2] = {weights[k], k + 1 < taps ? weights[k + 1] : 0};
        __m512i a = _mm512_loadu_si512(sums[k] + at), b = _mm512_loadu_si512(sums[k + 1 < taps ? k + 1 : k] + at);
        __m512i pair = wide_pair(two);
        low = _mm512_dpwssd_epi32(low, _mm512_unpacklo_epi16(a, b), pair);
        high = _mm512_dpwssd_epi32(high, _mm512_unpackhi_epi16(a, b), pair);
    }
    return _mm512_packs_epi32(_mm512_srai_epi32(low, LEVEL_BITS), _mm512_srai_epi32(high, LEVEL_BITS));
}

TARGET_AVX512 static INLINE void down_by(const char *const *sums, const int16_t *weights, int taps, ptrdiff_t values,
                                         char *out)
{
    const __m512i order = _mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7);
    for (ptrdiff_t v = 0; v < values; v += 64) {
        __m512i first = levels_of(sums, weights, taps, 2 * v), second = levels_of(sums, weights, taps, 2 * v + 64);
        _mm512_storeu_si512(out + v, _mm512_permutexvar_epi64(order, _mm512_packus_epi16(first, second)));
    }
}

TARGET_AVX512 static void down_wide(const char *const *sums, const int16_t *weights, int taps, ptrdiff_t values,
                                    char *out)
{
    if (taps == 1) down_by(sums, weights, 1, values, out);
    else if (taps == 2) down_by(sums, weights, 2, values, out);
    else if (taps == 3) down_by(sums, weights, 3, values, out);
    else if (taps == 4) down_by(sums, weights, 4, values, out);
    else down_by(sums, weights, taps, values, out);
}

Across *augkit_wide_across(void) { return across_wide; }

Down *augkit_wide_down(void) { return down_wide; }

#endif
