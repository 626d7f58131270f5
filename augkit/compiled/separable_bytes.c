/* Rows of separable sampling of uint8 pictures of 1 to 4 channels in vectors: the same sums as separable_rows.c.

   Along x a vector holds the same taps of two source rows, which have the same weights; along y, two rows of sums
   interleaved. Neighbours in a 32-bit lane are weighed and added by one multiplication (pmaddwd). */

#include "dispatch.h"
#include "separable.h"
#include "shuffles.h"

#if AUGKIT_X86

typedef struct {
    __m256i first, second, closed; /* taps 0 and 1, taps 2 and 3; two pixels of four sums closed up */
    int channels;
} Shape;

TARGET_AVX2 static INLINE Shape shape_of(int channels)
{
    uint8_t masks[3][16];
    augkit_pair_shuffle(channels, 0, 0, masks[0]);
    augkit_pair_shuffle(channels, 2, 0, masks[1]);
    augkit_close_words(channels, masks[2]);
    return (Shape){both_lanes(masks[0]), both_lanes(masks[1]), both_lanes(masks[2]), channels};
}

/* Sums of a pixel in two rows, one in each half: four lanes of 32 bits, one a channel. */
TARGET_AVX2 static INLINE __m256i pixel_sums(Shape shape, const char *upper, const char *lower, const int16_t *weights,
                                             int padded)
{
    if (padded == 2) {
        __m256i taps = _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadl_epi64((const __m128i *)upper)),
                                               _mm_loadl_epi64((const __m128i *)lower), 1);
        return rounded_sums(_mm256_madd_epi16(_mm256_shuffle_epi8(taps, shape.first), pair_at(weights)));
    }
    __m256i sum = _mm256_setzero_si256();
    for (int k = 0; k < padded; k += 4) {
        __m256i taps = two_places(upper + k * shape.channels, lower + k * shape.channels);
        sum = _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_shuffle_epi8(taps, shape.first), pair_at(weights + k)));
        sum = _mm256_add_epi32(sum,
                               _mm256_madd_epi16(_mm256_shuffle_epi8(taps, shape.second), pair_at(weights + k + 2)));
    }
    return rounded_sums(sum);
}

TARGET_AVX2 static INLINE void two_rows(const Columns *columns, const char *upper, const char *lower, char *upper_sums,
                                        char *lower_sums, int channels, int padded)
{
    const Shape shape = shape_of(channels);
    const int16_t *weights = columns->weights;
    ptrdiff_t j = 0, size = 2 * channels;
    for (; j < columns->width; j += 2, weights += 2 * padded) {
        ptrdiff_t next = j + 1 < columns->width;
        ptrdiff_t a = (ptrdiff_t)columns->base[j] * channels, b = (ptrdiff_t)columns->base[j + next] * channels;
        __m256i first = pixel_sums(shape, upper + a, lower + a, weights, padded);
        __m256i second = pixel_sums(shape, upper + b, lower + b, weights + next * padded, padded);
        __m256i sums = _mm256_shuffle_epi8(_mm256_packs_epi32(first, second), shape.closed);
        _mm_storeu_si128((__m128i *)(upper_sums + j * size), _mm256_castsi256_si128(sums));
        _mm_storeu_si128((__m128i *)(lower_sums + j * size), _mm256_extracti128_si256(sums, 1));
    }
}

TARGET_AVX2 static void across_avx2(const Columns *columns, const char *const *rows, char *const *sums)
{
    int channels = columns->channels, padded = columns->padded;
    for (int k = 0; k < GROUP; k += 2) {
        if (channels == 3 && padded == 4) two_rows(columns, rows[k], rows[k + 1], sums[k], sums[k + 1], 3, 4);
        else if (channels == 3 && padded == 2) two_rows(columns, rows[k], rows[k + 1], sums[k], sums[k + 1], 3, 2);
        else two_rows(columns, rows[k], rows[k + 1], sums[k], sums[k + 1], channels, padded);
    }
}

/* Two taps of 16 values: totals of the lower and the upper four of each half. */
TARGET_AVX2 static INLINE void add_rows(const char *upper, const char *lower, __m256i weights, __m256i *low, __m256i *high)
{
    __m256i a = _mm256_loadu_si256((const __m256i *)upper), b = _mm256_loadu_si256((const __m256i *)lower);
    *low = _mm256_add_epi32(*low, _mm256_madd_epi16(_mm256_unpacklo_epi16(a, b), weights));
    *high = _mm256_add_epi32(*high, _mm256_madd_epi16(_mm256_unpackhi_epi16(a, b), weights));
}

TARGET_AVX2 static INLINE __m256i sixteen_levels(const char *const *sums, const int16_t *weights, int taps, ptrdiff_t at)
{
    __m256i low = _mm256_setzero_si256(), high = low;
    int k = 0;
    for (; k + 1 < taps; k += 2) add_rows(sums[k] + at, sums[k + 1] + at, pair_at(weights + k), &low, &high);
    if (k < taps) {
        int16_t last[2] = {weights[k], 0};
        add_rows(sums[k] + at, sums[k] + at, pair_at(last), &low, &high);
    }
    return _mm256_packs_epi32(rounded_levels(low), rounded_levels(high));
}

TARGET_AVX2 static INLINE void down_by(const char *const *sums, const int16_t *weights, int taps, ptrdiff_t values,
                                       char *out)
{
    for (ptrdiff_t v = 0; v < values; v += 32) {
        __m256i first = sixteen_levels(sums, weights, taps, 2 * v);
        __m256i second = sixteen_levels(sums, weights, taps, 2 * v + 32);
        __m256i bytes = _mm256_permute4x64_epi64(_mm256_packus_epi16(first, second), 0xD8);
        _mm256_storeu_si256((__m256i *)(out + v), bytes);
    }
}

TARGET_AVX2 static void down_avx2(const char *const *sums, const int16_t *weights, int taps, ptrdiff_t values, char *out)
{
    if (taps == 1) down_by(sums, weights, 1, values, out);
    else if (taps == 2) down_by(sums, weights, 2, values, out);
    else if (taps == 3) down_by(sums, weights, 3, values, out);
    else if (taps == 4) down_by(sums, weights, 4, values, out);
    else down_by(sums, weights, taps, values, out);
}

Across *augkit_byte_across(const Columns *columns)
{
    if (augkit_path == SCALAR || columns->channels > 4) return NULL;
    return augkit_path == AVX512 ? augkit_wide_across() : across_avx2;
}

Down *augkit_byte_down(void)
{
    if (augkit_path == SCALAR) return NULL;
    return augkit_path == AVX512 ? augkit_wide_down() : down_avx2;
}

#else

Across *augkit_byte_across(const Columns *columns)
{
    (void)columns;
    return NULL;
}

Down *augkit_byte_down(void) { return NULL; }

#endif
