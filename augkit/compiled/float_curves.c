/* Curves in float32, for pictures of that kind: as curves.c, with shorter series. */

#include "curve_steps.h"
#include <string.h>

static INLINE float from_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static INLINE uint32_t to_bits(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static INLINE float whole_below(float value)
{
    float nearest = (value + 0x1.8p23f) - 0x1.8p23f;
    return nearest > value ? nearest - 1.0f : nearest;
}

/* value ** exponent, of a value in [0, 1] and a positive exponent. */
static INLINE float power(float value, float exponent)
{
    uint32_t bits = to_bits(value) + (0x3f800000u - 0x3f3504f3u);
    float e = (float)((int32_t)(bits >> 23) - 127), m = from_bits((bits & 0x007fffffu) + 0x3f3504f3u);
    float z = (m - 1.0f) / (m + 1.0f), w = z * z, sum = 1.0f / 9.0f;
    sum = sum * w + 1.0f / 7.0f;
    sum = sum * w + 1.0f / 5.0f;
    sum = sum * w + 1.0f / 3.0f;
    sum = sum * w + 1.0f;
    float y = exponent * (e + 2.885390043258667f * z * sum); /* 2 / log 2 */
    y = y < -126.0f ? -126.0f : y;
    float shifted = y + 0x1.8p23f, n = shifted - 0x1.8p23f, x = (y - n) * 0.6931471824645996f;
    float scale = from_bits((to_bits(shifted) - 0x4b400000u + 127u) << 23);
    sum = 1.0f / 5040.0f;
    sum = sum * x + 1.0f / 720.0f;
    sum = sum * x + 1.0f / 120.0f;
    sum = sum * x + 1.0f / 24.0f;
    sum = sum * x + 1.0f / 6.0f;
    sum = sum * x + 1.0f / 2.0f;
    sum = sum * x + 1.0f;
    sum = sum * x + 1.0f;
    return value == 0.0f ? 0.0f : sum * scale;
}

CURVE(float_curve_body, float, power, whole_below)

AUGKIT_PATHS(void, float_curve, (float *values, ptrdiff_t count, const double *steps, ptrdiff_t length),
             (values, count, steps, length))

void augkit_float_curve(float *values, ptrdiff_t count, const double *steps, ptrdiff_t length)
{
    float_curve(values, count, steps, length);
}
