/* Sampling of uint8 pictures of 1 to 4 channels in vectors of 512 bits: as sampled_bytes.c, twice as many pixels. */

#include "sampling.h"
#include "shuffles.h"

#if AUGKIT_X86

/* Bring tap pairs of eight pixels together, two in each quarter: 8 bytes from each place. */
TARGET_AVX512 static INLINE __m512i eight_pairs(const char *data, const int32_t *at)
{
    __m256i low = four_pairs(data + at[0], data + at[1], data + at[2], data + at[3]);
    __m256i high = four_pairs(data + at[4], data + at[5], data + at[6], data + at[7]);
    return _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
}

TARGET_AVX512 static INLINE __m512i weighed(__m512i total, __m512i taps, __m512i weights)
{
    return _mm512_dpwssd_epi32(total, taps, weights);
}

/* The sums along x of an upper and a lower row, in one lane each. */
TARGET_AVX512 static INLINE __m512i rows_together(__m512i upper, __m512i lower)
{
    return _mm512_mask_blend_epi16(0xAAAAAAAA, upper, _mm512_slli_epi32(lower, 16));
}

TARGET_AVX512 static INLINE __m512i four_times(const uint8_t *mask)
{
    return _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)mask));
}

/* The place of each byte of pixels closed up: pixel p begins at `places[p]` of a vector. */
static __m512i TARGET_AVX512 closed_pixels(int channels, const uint8_t *places, int pixels)
{
    uint8_t bytes[64] = {0};
    for (int p = 0; p < pixels; p++)
        for (int c = 0; c < channels; c++) bytes[p * channels + c] = (uint8_t)(places[p] + c);
    return _mm512_loadu_si512(bytes);
}

TARGET_AVX512 static void two_taps_wide(const Job *job, const Span *span, int count, char *out)
{
    static const uint8_t PLACES[8] = {0, 4, 16, 20, 32, 36, 48, 52};
    uint8_t masks[2][16];
    const int channels = (int)job->source.channels;
    augkit_pair_shuffle(channels, 0, 0, masks[0]);
    augkit_pair_shuffle(channels, 0, 8, masks[1]);
    const __m512i even = four_times(masks[0]), odd = four_times(masks[1]), closed = closed_pixels(channels, PLACES, 8);
    const __m512i for_even = _mm512_setr_epi32(0, 0, 0, 0, 2, 2, 2, 2, 4, 4, 4, 4, 6, 6, 6, 6);
    const __m512i for_odd = _mm512_add_epi32(for_even, _mm512_set1_epi32(1));
    const __m512i half = _mm512_set1_epi32(1 << (SUM_BITS - 1)), half_level = _mm512_set1_epi32(1 << (LEVEL_BITS - 1));
    const __m256i one = _mm256_set1_epi32(WEIGHT_ONE), stride = _mm256_set1_epi32((int32_t)job->source.row);
    const __m256i size = _mm256_set1_epi32(channels);
    const char *upper_row = job->source.data, *lower_row = upper_row + job->source.row;
    for (int j = 0; j < count; j += 8) {
        int32_t at[8];
        __m256i row = _mm256_loadu_si256((const __m256i *)(span->safe_row + j));
        __m256i column = _mm256_loadu_si256((const __m256i *)(span->safe_column + j));
        _mm256_storeu_si256((__m256i *)at,
                            _mm256_add_epi32(_mm256_mullo_epi32(row, stride), _mm256_mullo_epi32(column, size)));
        __m256i px = _mm256_loadu_si256((const __m256i *)(span->phase_x + j));
        __m256i py = _mm256_loadu_si256((const __m256i *)(span->phase_y + j));
        __m512i wx = _mm512_castsi256_si512(_mm256_or_si256(_mm256_sub_epi32(one, px), _mm256_slli_epi32(px, 16)));
        __m512i wy = _mm512_castsi256_si512(_mm256_or_si256(_mm256_sub_epi32(one, py), _mm256_slli_epi32(py, 16)));
        __m512i upper = eight_pairs(upper_row, at), lower = eight_pairs(lower_row, at);
        __m512i wx_even = _mm512_permutexvar_epi32(for_even, wx), wx_odd = _mm512_permutexvar_epi32(for_odd, wx);
        __m512i ue = _mm512_srai_epi32(weighed(half, _mm512_shuffle_epi8(upper, even), wx_even), SUM_BITS);
        __m512i le = _mm512_srai_epi32(weighed(half, _mm512_shuffle_epi8(lower, even), wx_even), SUM_BITS);
        __m512i uo = _mm512_srai_epi32(weighed(half, _mm512_shuffle_epi8(upper, odd), wx_odd), SUM_BITS);
        __m512i lo = _mm512_srai_epi32(weighed(half, _mm512_shuffle_epi8(lower, odd), wx_odd), SUM_BITS);
        __m512i e = weighed(half_level, rows_together(ue, le), _mm512_permutexvar_epi32(for_even, wy));
        __m512i o = weighed(half_level, rows_together(uo, lo), _mm512_permutexvar_epi32(for_odd, wy));
        __m512i words = _mm512_packs_epi32(_mm512_srai_epi32(e, LEVEL_BITS), _mm512_srai_epi32(o, LEVEL_BITS));
        __m512i bytes = _mm512_permutexvar_epi8(closed, _mm512_packus_epi16(words, words));
        _mm256_storeu_si256((__m256i *)(out + (ptrdiff_t)j * channels), _mm512_castsi512_si256(bytes));
    }
}

/* 16 bytes from each of four places. */
TARGET_AVX512 static INLINE __m512i four_places(const char *const *from, ptrdiff_t more)
{
    return _mm512_inserti64x4(_mm512_castsi256_si512(two_places(from[0] + more, from[1] + more)),
                              two_places(from[2] + more, from[3] + more), 1);
}

TARGET_AVX512 static INLINE __m512i four_weights(const int16_t *const *from, int more)
{
    return _mm512_castsi256_si512(four_pairs((const char *)(from[0] + more), (const char *)(from[1] + more),
                                             (const char *)(from[2] + more), (const char *)(from[3] + more)));
}

/* The first four weights of four phases, two in each lane, and where they lie. Two taps have no table, and theirs need
   no detour by memory. */
TARGET_AVX512 static INLINE __m512i four_phases(const Axis *axis, const int32_t *phases, const int16_t **from)
{
    if (axis->table) {
        for (int k = 0; k < 4; k++) from[k] = axis->table + (ptrdiff_t)phases[k] * axis->padded;
        return four_weights(from, 0);
    }
    __m128i phase = _mm_loadu_si128((const __m128i *)phases), rest = _mm_sub_epi32(_mm_set1_epi32(WEIGHT_ONE), phase);
    return _mm512_castsi256_si512(_mm256_cvtepu32_epi64(_mm_or_si128(rest, _mm_slli_epi32(phase, 16))));
}

TARGET_AVX512 static INLINE void table_span(const Job *job, const Span *span, int count, char *out, int blocks,
                                            int taps_y)
{
    static const uint8_t PLACES[4] = {0, 16, 32, 48};
    uint8_t masks[2][16];
    const int channels = (int)job->source.channels;
    augkit_pair_shuffle(channels, 0, 0, masks[0]);
    augkit_pair_shuffle(channels, 2, 0, masks[1]);
    const __m512i first = four_times(masks[0]), second = four_times(masks[1]);
    const __m512i closed = closed_pixels(channels, PLACES, 4);
    const __m512i for_first = _mm512_setr_epi32(0, 0, 0, 0, 2, 2, 2, 2, 4, 4, 4, 4, 6, 6, 6, 6);
    const __m512i for_second = _mm512_add_epi32(for_first, _mm512_set1_epi32(1));
    const __m512i half = _mm512_set1_epi32(1 << (SUM_BITS - 1));
    const ptrdiff_t stride = job->source.row;
    const int16_t *x[4] = {NULL}, *y[4] = {NULL}; /* where weights beyond the first four lie */
    for (int j = 0; j < count; j += 4) {
        const char *from[4];
        for (int k = 0; k < 4; k++)
            from[k] = job->source.data + span->safe_row[j + k] * stride +
                      (ptrdiff_t)span->safe_column[j + k] * channels;
        __m512i wx = four_phases(&job->x, span->phase_x + j, x), wy = four_phases(&job->y, span->phase_y + j, y);
        __m512i w01 = _mm512_permutexvar_epi32(for_first, wx), w23 = _mm512_permutexvar_epi32(for_second, wx);
        __m512i total = _mm512_set1_epi32(1 << (LEVEL_BITS - 1)), sums[2];
        for (int i = 0; i < taps_y; i++) {
            __m512i taps = four_places(from, i * stride);
            __m512i sum = weighed(weighed(half, _mm512_shuffle_epi8(taps, first), w01),
                                  _mm512_shuffle_epi8(taps, second), w23);
            for (int block = 1; block < blocks; block++) {
                __m512i more = four_weights(x, 4 * block);
                taps = four_places(from, i * stride + 4 * block * channels);
                sum = weighed(sum, _mm512_shuffle_epi8(taps, first), _mm512_permutexvar_epi32(for_first, more));
                sum = weighed(sum, _mm512_shuffle_epi8(taps, second), _mm512_permutexvar_epi32(for_second, more));
            }
            sums[i % 2] = _mm512_srai_epi32(sum, SUM_BITS);
            if (i % 2 == 0) continue;
            if (i > 4 && i % 4 == 1) wy = four_weights(y, i - 1);
            total = weighed(total, rows_together(sums[0], sums[1]),
                            _mm512_permutexvar_epi32(i % 4 == 1 ? for_first : for_second, wy));
        }
        __m512i levels = _mm512_srai_epi32(total, LEVEL_BITS), words = _mm512_packs_epi32(levels, levels);
        __m512i bytes = _mm512_permutexvar_epi8(closed, _mm512_packus_epi16(words, words));
        _mm_storeu_si128((__m128i *)(out + (ptrdiff_t)j * channels), _mm512_castsi512_si128(bytes));
    }
}

TARGET_AVX512 static void table_taps_wide(const Job *job, const Span *span, int count, char *out)
{
    int blocks = job->x.table ? job->x.padded / 4 : 1;
    if (blocks == 1 && job->y.taps == 4) table_span(job, span, count, out, 1, 4);
    else if (blocks == 1 && job->y.taps == 2) table_span(job, span, count, out, 1, 2);
    else if (blocks == 1) table_span(job, span, count, out, 1, job->y.taps);
    else table_span(job, span, count, out, blocks, job->y.taps);
}

Kernel *augkit_wide_kernel(const Job *job)
{
    ptrdiff_t bytes = job->source.height * job->source.row; /* places must fit 32 bits */
    if (augkit_path != AVX512) return NULL;
    if (job->x.taps == 2 && job->y.taps == 2)
        return bytes < INT32_MAX && bytes > -INT32_MAX && job->source.row < INT32_MAX ? two_taps_wide : NULL;
    return table_taps_wide;
}

#endif
