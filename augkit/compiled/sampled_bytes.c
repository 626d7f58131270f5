/* Sampling of uint8 pictures of 1 to 4 channels in vectors: several pixels at once, the same sums as pixels.c.

   Two neighbouring taps of a channel lie in one 32-bit lane as 16-bit numbers, and are weighed and added by one
   multiplication (pmaddwd); a pixel has four lanes, one a channel. Sums along x fit 16 bits; those of two rows are put
   into one lane again, and weighed by the same instruction. */

#include "dispatch.h"
#include "sampling.h"
#include "shuffles.h"

#if AUGKIT_X86

/* The sums along x of an upper and a lower row, in one lane each. */
TARGET_AVX2 static INLINE __m256i rows_together(__m256i upper, __m256i lower)
{
    return _mm256_blend_epi16(upper, _mm256_slli_epi32(lower, 16), 0xAA);
}

/* Linear without a reduction: two taps along each axis, weights straight from the phases. Four pixels at a time. */
TARGET_AVX2 static void two_taps(const Job *job, const Span *span, int count, char *out)
{
    uint8_t masks[3][16];
    int channels = (int)job->source.channels;
    augkit_pair_shuffle(channels, 0, 0, masks[0]);
    augkit_pair_shuffle(channels, 0, 8, masks[1]);
    augkit_close_bytes(channels, masks[2]);
    const __m256i even = both_lanes(masks[0]), odd = both_lanes(masks[1]);
    const __m256i for_even = _mm256_setr_epi32(0, 0, 0, 0, 2, 2, 2, 2);
    const __m256i for_odd = _mm256_setr_epi32(1, 1, 1, 1, 3, 3, 3, 3);
    const __m128i closed = _mm_loadu_si128((const __m128i *)masks[2]), one = _mm_set1_epi32(WEIGHT_ONE);
    const ptrdiff_t stride = job->source.row;
    const char *data = job->source.data;
    for (int j = 0; j < count; j += 4) {
        const char *p[4];
        for (int k = 0; k < 4; k++)
            p[k] = data + span->safe_row[j + k] * stride + (ptrdiff_t)span->safe_column[j + k] * channels;
        __m256i upper = four_pairs(p[0], p[1], p[2], p[3]);
        __m256i lower = four_pairs(p[0] + stride, p[1] + stride, p[2] + stride, p[3] + stride);
        __m128i px = _mm_loadu_si128((const __m128i *)(span->phase_x + j));
        __m128i py = _mm_loadu_si128((const __m128i *)(span->phase_y + j));
        px = _mm_or_si128(_mm_sub_epi32(one, px), _mm_slli_epi32(px, 16));
        py = _mm_or_si128(_mm_sub_epi32(one, py), _mm_slli_epi32(py, 16));
        __m256i wx = _mm256_broadcastsi128_si256(px), wy = _mm256_broadcastsi128_si256(py);
        __m256i wx_even = _mm256_permutevar8x32_epi32(wx, for_even), wx_odd = _mm256_permutevar8x32_epi32(wx, for_odd);
        __m256i wy_even = _mm256_permutevar8x32_epi32(wy, for_even), wy_odd = _mm256_permutevar8x32_epi32(wy, for_odd);
        __m256i ue = rounded_sums(_mm256_madd_epi16(_mm256_shuffle_epi8(upper, even), wx_even));
        __m256i le = rounded_sums(_mm256_madd_epi16(_mm256_shuffle_epi8(lower, even), wx_even));
        __m256i uo = rounded_sums(_mm256_madd_epi16(_mm256_shuffle_epi8(upper, odd), wx_odd));
        __m256i lo = rounded_sums(_mm256_madd_epi16(_mm256_shuffle_epi8(lower, odd), wx_odd));
        __m256i e = rounded_levels(_mm256_madd_epi16(rows_together(ue, le), wy_even));
        __m256i o = rounded_levels(_mm256_madd_epi16(rows_together(uo, lo), wy_odd));
        __m256i words = _mm256_packs_epi32(e, o); /* pixels 0 and 1, 2 and 3 */
        __m128i bytes = _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
        _mm_storeu_si128((__m128i *)(out + (ptrdiff_t)j * channels), _mm_shuffle_epi8(bytes, closed));
    }
}

/* The first four weights of a phase; two taps have no table, and theirs need no detour by memory. */
static INLINE int64_t first_weights(const Axis *axis, int phase)
{
    int64_t weights = (int64_t)phase << 16 | (WEIGHT_ONE - phase);
    if (axis->table) memcpy(&weights, axis->table + (ptrdiff_t)phase * axis->padded, 8);
    return weights;
}

TARGET_AVX2 static INLINE __m256i two_weights(int64_t a, int64_t b)
{
    return _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_cvtsi64_si128(a)), _mm_cvtsi64_si128(b), 1);
}

typedef struct {
    __m256i first, second; /* shuffles of taps 0 and 1, and 2 and 3, of four */
    int channels, blocks; /* of four taps along x */
} Shape;

/* The sums along x of a row of two pixels: `w01` and `w23` are the weights of the first block. */
TARGET_AVX2 static INLINE __m256i row_sums(Shape shape, const char *a, const char *b, __m256i w01, __m256i w23,
                                           const int16_t *wa, const int16_t *wb)
{
    __m256i taps = two_places(a, b);
    __m256i sum = _mm256_add_epi32(_mm256_madd_epi16(_mm256_shuffle_epi8(taps, shape.first), w01),
                                   _mm256_madd_epi16(_mm256_shuffle_epi8(taps, shape.second), w23));
    for (int block = 1; block < shape.blocks; block++) {
        int64_t w[2];
        memcpy(w, wa + 4 * block, 8);
        memcpy(w + 1, wb + 4 * block, 8);
        __m256i weights = two_weights(w[0], w[1]);
        taps = two_places(a + 4 * block * shape.channels, b + 4 * block * shape.channels);
        sum = _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_shuffle_epi8(taps, shape.first),
                                                      _mm256_shuffle_epi32(weights, 0x00)));
        sum = _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_shuffle_epi8(taps, shape.second),
                                                      _mm256_shuffle_epi32(weights, 0x55)));
    }
    return rounded_sums(sum);
}

TARGET_AVX2 static INLINE void table_span(const Job *job, const Span *span, int count, char *out, int blocks, int taps_y)
{
    uint8_t masks[3][16];
    int channels = (int)job->source.channels;
    augkit_pair_shuffle(channels, 0, 0, masks[0]);
    augkit_pair_shuffle(channels, 2, 0, masks[1]);
    augkit_close_bytes(channels, masks[2]);
    const Shape shape = {both_lanes(masks[0]), both_lanes(masks[1]), channels, blocks};
    const __m128i closed = _mm_loadu_si128((const __m128i *)masks[2]);
    const ptrdiff_t stride = job->source.row;
    for (int j = 0; j < count; j += 2) {
        const char *a = job->source.data + span->safe_row[j] * stride + (ptrdiff_t)span->safe_column[j] * channels;
        const char *b = job->source.data + span->safe_row[j + 1] * stride +
                        (ptrdiff_t)span->safe_column[j + 1] * channels;
        const int16_t *xa = job->x.table + (ptrdiff_t)span->phase_x[j] * job->x.padded;
        const int16_t *xb = job->x.table + (ptrdiff_t)span->phase_x[j + 1] * job->x.padded;
        __m256i wx = two_weights(first_weights(&job->x, span->phase_x[j]), first_weights(&job->x, span->phase_x[j + 1]));
        __m256i wy = two_weights(first_weights(&job->y, span->phase_y[j]), first_weights(&job->y, span->phase_y[j + 1]));
        __m256i w01 = _mm256_shuffle_epi32(wx, 0x00), w23 = _mm256_shuffle_epi32(wx, 0x55);
        __m256i total = _mm256_setzero_si256();
        for (int i = 0; i < taps_y; i += 2, a += 2 * stride, b += 2 * stride) {
            __m256i upper = row_sums(shape, a, b, w01, w23, xa, xb);
            __m256i lower = row_sums(shape, a + stride, b + stride, w01, w23, xa, xb);
            if (i && i % 4 == 0) {
                int64_t w[2];
                memcpy(w, job->y.table + (ptrdiff_t)span->phase_y[j] * job->y.padded + i, 8);
                memcpy(w + 1, job->y.table + (ptrdiff_t)span->phase_y[j + 1] * job->y.padded + i, 8);
                wy = two_weights(w[0], w[1]);
            }
            __m256i pair = i % 4 ? _mm256_shuffle_epi32(wy, 0x55) : _mm256_shuffle_epi32(wy, 0x00);
            total = _mm256_add_epi32(total, _mm256_madd_epi16(rows_together(upper, lower), pair));
        }
        __m256i levels = rounded_levels(total);
        __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(levels), _mm256_extracti128_si256(levels, 1));
        __m128i bytes = _mm_shuffle_epi8(_mm_packus_epi16(words, words), closed);
        _mm_storel_epi64((__m128i *)(out + (ptrdiff_t)j * channels), bytes);
    }
}

TARGET_AVX2 static void table_taps(const Job *job, const Span *span, int count, char *out)
{
    int blocks = job->x.table ? job->x.padded / 4 : 1;
    if (blocks == 1 && job->y.taps == 4) table_span(job, span, count, out, 1, 4);
    else if (blocks == 1) table_span(job, span, count, out, 1, job->y.taps);
    else table_span(job, span, count, out, blocks, job->y.taps);
}

Kernel *augkit_byte_kernel(const Job *job, ptrdiff_t *reach)
{
    if (augkit_path == SCALAR || job->source.kind != 'B' || job->source.channels > 4) return NULL;
    int blocks = job->x.table ? job->x.padded / 4 : 1, is_plain = job->x.taps == 2 && job->y.taps == 2;
    *reach = is_plain ? 8 : 4 * (blocks - 1) * job->source.channels + 16;
    Kernel *wide = augkit_wide_kernel(job);
    return wide ? wide : is_plain ? two_taps : table_taps;
}

#else

Kernel *augkit_byte_kernel(const Job *job, ptrdiff_t *reach)
{
    (void)job, (void)reach;
    return NULL;
}

#endif
