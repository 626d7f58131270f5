/* Rows of separable sampling in portable C: sums along x of any picture, and sums of those along y.

   Sums of uint8 pictures are int16, (sum of wx p + 2^7) >> 8; those of uint16 are rounded so, too, and held as float64,
   which is exact; those of float32 are float64, added up from the first tap to the last. */

#include "dispatch.h"
#include "separable.h"
#include <string.h>

static INLINE ptrdiff_t clamped(ptrdiff_t index, ptrdiff_t side)
{
    return index < 0 ? 0 : index < side ? index : side - 1;
}

static INLINE int rounded_sum(int sum) { return (sum + (1 << (SUM_BITS - 1))) >> SUM_BITS; }

/* Four numbers at a time, of which a picture of three channels has no use for the last. */
typedef float FourFloats __attribute__((vector_size(16)));
typedef uint16_t FourShorts __attribute__((vector_size(8)));
typedef int32_t FourInts __attribute__((vector_size(16)));
typedef double FourDoubles __attribute__((vector_size(32)));

static INLINE void real_four(const float *first, const int16_t *weights, int padded, int channels, double *sums)
{
    FourDoubles sum = {0.0, 0.0, 0.0, 0.0};
    for (int k = 0; k < padded; k++) {
        FourFloats taps;
        memcpy(&taps, first + k * channels, sizeof(taps));
        sum += __builtin_convertvector(taps, FourDoubles) * (double)weights[k];
    }
    memcpy(sums, &sum, sizeof(sum));
}

static INLINE void deep_four(const uint16_t *first, const int16_t *weights, int padded, int channels, double *sums)
{
    FourInts sum = {0, 0, 0, 0};
    for (int k = 0; k < padded; k++) {
        FourShorts taps;
        memcpy(&taps, first + k * channels, sizeof(taps));
        sum += __builtin_convertvector(taps, FourInts) * (int32_t)weights[k];
    }
    FourDoubles kept = __builtin_convertvector((sum + (1 << (SUM_BITS - 1))) >> SUM_BITS, FourDoubles);
    memcpy(sums, &kept, sizeof(kept));
}

static INLINE void byte_four(const uint8_t *first, const int16_t *weights, int padded, int channels, int16_t *sums)
{
    for (int c = 0; c < channels; c++) {
        int32_t sum = 0;
        for (int k = 0; k < padded; k++) sum += weights[k] * first[k * channels + c];
        sums[c] = (int16_t)rounded_sum(sum);
    }
}

/* IS_FOLDED: no base lies outside of the source. */
#define ACROSS(name, VALUE, SUM, HELD, KEPT, IS_FOLDED, four)                                                         \
    static INLINE void name##_by(const Columns *columns, const VALUE *row, HELD *sums, int channels)                  \
    {                                                                                                                  \
        for (ptrdiff_t j = 0; j < columns->width; j++) {                                                               \
            ptrdiff_t base = columns->base[j];                                                                         \
            const int16_t *weights = columns->weights + j * columns->padded;                                           \
            int is_inside = IS_FOLDED || (base >= 0 && base + columns->padded <= columns->side);                       \
            if (is_inside && (channels == 3 || channels == 4)) {                                                       \
                four(row + base * channels, weights, columns->padded, channels, sums);                                 \
                sums += channels;                                                                                      \
                continue;                                                                                              \
            }                                                                                                          \
            for (int c = 0; c < channels; c++) {                                                                       \
                SUM sum = 0;                                                                                           \
                if (is_inside) {                                                                                       \
                    const VALUE *first = row + base * channels + c;                                                    \
                    for (int k = 0; k < columns->padded; k++) sum += (SUM)weights[k] * (SUM)first[k * channels];       \
                } else {                                                                                               \
                    for (int k = 0; k < columns->taps; k++)                                                            \
                        sum += (SUM)weights[k] * (SUM)row[clamped(base + k, columns->side) * channels + c];            \
                }                                                                                                      \
                *sums++ = (HELD)KEPT(sum);                                                                             \
            }                                                                                                          \
        }                                                                                                              \
    }                                                                                                                  \
    static INLINE void name##_body(const Columns *columns, const char *const *rows, char *const *sums)                \
    {                                                                                                                  \
        for (int k = 0; k < GROUP; k++) {                                                                              \
            const VALUE *row = (const VALUE *)rows[k];                                                                 \
            if (columns->channels == 3) name##_by(columns, row, (HELD *)sums[k], 3);                                   \
            else if (columns->channels == 1) name##_by(columns, row, (HELD *)sums[k], 1);                              \
            else if (columns->channels == 4) name##_by(columns, row, (HELD *)sums[k], 4);                              \
            else name##_by(columns, row, (HELD *)sums[k], columns->channels);                                          \
        }                                                                                                              \
    }                                                                                                                  \
    AUGKIT_PATHS(void, name, (const Columns *columns, const char *const *rows, char *const *sums),                    \
                 (columns, rows, sums))

#define AS_IT_IS(sum) (sum)

ACROSS(byte_across, uint8_t, int32_t, int16_t, rounded_sum, 1, byte_four)
ACROSS(deep_across, uint16_t, int32_t, double, rounded_sum, 1, deep_four)
ACROSS(real_across, float, double, double, AS_IT_IS, 0, real_four)

Across *augkit_across(const Columns *columns, char kind)
{
    (void)columns;
    return kind == 'B' ? byte_across : kind == 'H' ? deep_across : real_across;
}

static INLINE void byte_down_body(const char *const *sums, const int16_t *weights, int taps, ptrdiff_t values, char *out)
{
    for (ptrdiff_t v = 0; v < values; v++) {
        int32_t total = 1 << (LEVEL_BITS - 1);
        for (int k = 0; k < taps; k++) total += weights[k] * ((const int16_t *)sums[k])[v];
        total >>= LEVEL_BITS;
        ((uint8_t *)out)[v] = (uint8_t)(total < 0 ? 0 : total > 255 ? 255 : total);
    }
}

AUGKIT_PATHS(void, byte_down, (const char *const *sums, const int16_t *weights, int taps, ptrdiff_t values, char *out),
             (sums, weights, taps, values, out))

#define PART 8 /* values at a time, whose totals stay in registers */

static INLINE void totals_of(const char *const *sums, const int16_t *weights, int taps, ptrdiff_t first, int count,
                             double *total)
{
    for (int v = 0; v < count; v++) total[v] = 0.0;
    for (int k = 0; k < taps; k++) {
        const double *sum = (const double *)sums[k] + first;
        double weight = weights[k];
        for (int v = 0; v < count; v++) total[v] += weight * sum[v];
    }
}

static INLINE void deep_part(const double *total, int count, uint16_t *out)
{
    for (int v = 0; v < count; v++) { /* the total is a whole number below 2^52 */
        double level = (total[v] + (1 << (LEVEL_BITS - 1))) * (1.0 / (1 << LEVEL_BITS));
        level = level > 0.0 ? level : 0.0;
        out[v] = (uint16_t)(int32_t)(level < 65535.0 ? level : 65535.0);
    }
}

static INLINE void real_part(const double *total, int count, float *out)
{
    for (int v = 0; v < count; v++) {
        double value = total[v] * (1.0 / WEIGHT_ONE / WEIGHT_ONE);
        value = value > 0.0 ? value : 0.0;
        out[v] = (float)(value < 1.0 ? value : 1.0);
    }
}

#define DOWN(name, VALUE, part)                                                                                        \
    static INLINE void name##_body(const char *const *sums, const int16_t *weights, int taps, ptrdiff_t values,        \
                                   char *out)                                                                          \
    {                                                                                                                  \
        double total[PART];                                                                                            \
        ptrdiff_t v = 0;                                                                                               \
        for (; v + PART <= values; v += PART) {                                                                        \
            totals_of(sums, weights, taps, v, PART, total);                                                            \
            part(total, PART, (VALUE *)out + v);                                                                       \
        }                                                                                                              \
        totals_of(sums, weights, taps, v, (int)(values - v), total);                                                   \
        part(total, (int)(values - v), (VALUE *)out + v);                                                              \
    }                                                                                                                  \
    AUGKIT_PATHS(void, name, (const char *const *sums, const int16_t *weights, int taps, ptrdiff_t values, char *out), \
                 (sums, weights, taps, values, out))

DOWN(deep_down, uint16_t, deep_part)
DOWN(real_down, float, real_part)

Down *augkit_down(char kind) { return kind == 'B' ? byte_down : kind == 'H' ? deep_down : real_down; }
