/* Shuffles of bytes and rounded sums in vectors, for the kernels of uint8 pictures. */

#ifndef AUGKIT_SHUFFLES_H
#define AUGKIT_SHUFFLES_H

#include "dispatch.h"
#include "sampling.h"
#include <string.h>

#if AUGKIT_X86

/* Shuffles that bring taps t and t + 1 of each channel together, from `first` bytes on. */
static inline void augkit_pair_shuffle(int channels, int tap, int first, uint8_t *mask)
{
    for (int c = 0; c < 4; c++) {
        mask[4 * c] = (uint8_t)(c < channels ? first + tap * channels + c : 0x80);
        mask[4 * c + 2] = (uint8_t)(c < channels ? first + (tap + 1) * channels + c : 0x80);
        mask[4 * c + 1] = mask[4 * c + 3] = 0x80;
    }
}

/* The shuffle that closes four pixels of 4 bytes up to `channels` bytes each. */
static inline void augkit_close_bytes(int channels, uint8_t *mask)
{
    memset(mask, 0x80, 16);
    for (int p = 0; p < 4; p++)
        for (int c = 0; c < channels && p * channels + c < 16; c++) mask[p * channels + c] = (uint8_t)(4 * p + c);
}

/* The same for two pixels of 4 numbers of 16 bits. */
static inline void augkit_close_words(int channels, uint8_t *mask)
{
    memset(mask, 0x80, 16);
    for (int to = 0, bytes = channels < 4 ? 2 * channels : 8; to < 2 * bytes && to < 16; to++)
        mask[to] = (uint8_t)(to < bytes ? to : 8 + to - bytes);
}

TARGET_AVX2 static INLINE __m256i both_lanes(const uint8_t *mask)
{
    return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)mask));
}

/* Four pairs of taps, of four pixels: 8 bytes from each place. */
TARGET_AVX2 static INLINE __m256i four_pairs(const char *a, const char *b, const char *c, const char *d)
{
    __m128i ab = _mm_castps_si128(
        _mm_loadh_pi(_mm_castsi128_ps(_mm_loadl_epi64((const __m128i *)a)), (const __m64 *)b));
    __m128i cd = _mm_castps_si128(
        _mm_loadh_pi(_mm_castsi128_ps(_mm_loadl_epi64((const __m128i *)c)), (const __m64 *)d));
    return _mm256_inserti128_si256(_mm256_castsi128_si256(ab), cd, 1);
}

TARGET_AVX2 static INLINE __m256i rounded_sums(__m256i sum)
{
    return _mm256_srai_epi32(_mm256_add_epi32(sum, _mm256_set1_epi32(1 << (SUM_BITS - 1))), SUM_BITS);
}

TARGET_AVX2 static INLINE __m256i rounded_levels(__m256i total)
{
    return _mm256_srai_epi32(_mm256_add_epi32(total, _mm256_set1_epi32(1 << (LEVEL_BITS - 1))), LEVEL_BITS);
}

/* 16 bytes from either place. */
TARGET_AVX2 static INLINE __m256i two_places(const char *a, const char *b)
{
    return _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)a)),
                                   _mm_loadu_si128((const __m128i *)b), 1);
}

/* Two weights in every lane of 32 bits. */
TARGET_AVX2 static INLINE __m256i pair_at(const int16_t *weights)
{
    int32_t pair;
    memcpy(&pair, weights, 4);
    return _mm256_set1_epi32(pair);
}

#endif

#endif
