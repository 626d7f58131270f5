/* Weights of taps: the triangle, Keys' cubic and Lanczos' windowed sinc, widened by the factor of a reduction.

   Sums are made in the written order, so that sampling_twin.py has the same bits; sines are polynomials, as two
   libraries' sines differ.

   References: Keys, "Cubic convolution interpolation for digital image processing", IEEE TASSP 1981 (a = -1/2);
   Duchon, "Lanczos filtering in one and two dimensions", Journal of Applied Meteorology 1979. */

#include "weights.h"
#include "dispatch.h"
#include <math.h>
#include <stdlib.h>

#define PI 3.141592653589793
#define PHASE_BITS 9 /* 1/512 of a pixel: 0.01 grey levels where the picture is steep */
#define DEEP_PHASE_BITS 12
#define LEAST_PHASE_BITS 5

static const int SUPPORT[] = {0, 1, 2, 3}; /* of each Interpolation, in pixels to either side */

/* sin(pi t) for t >= 0. */
static double sine(double t)
{
    int half_turns = (int)(t + 0.5);
    double z = (t - half_turns) * PI, zz = z * z;
    double s = 1.0 - zz / 342.0; /* Taylor's series, to z^19, from the last term */
    s = 1.0 - zz / 272.0 * s;
    s = 1.0 - zz / 210.0 * s;
    s = 1.0 - zz / 156.0 * s;
    s = 1.0 - zz / 110.0 * s;
    s = 1.0 - zz / 72.0 * s;
    s = 1.0 - zz / 42.0 * s;
    s = 1.0 - zz / 20.0 * s;
    s = 1.0 - zz / 6.0 * s;
    return half_turns % 2 ? -(z * s) : z * s;
}

static INLINE double kernel_at(int kernel, double t)
{
    t = fabs(t);
    if (kernel == LINEAR) return t < 1.0 ? 1.0 - t : 0.0;
    if (kernel == CUBIC) {
        double near = (1.5 * t - 2.5) * t * t + 1.0, far = ((2.5 - 0.5 * t) * t - 4.0) * t + 2.0;
        return t < 1.0 ? near : t < 2.0 ? far : 0.0;
    }
    if (t < 1e-6) return 1.0;
    return t < 3.0 ? sine(t) * sine(t / 3.0) / (t * t * (PI * PI / 3.0)) : 0.0;
}

void augkit_axis(Axis *axis, ptrdiff_t side, int kernel, double factor, int is_deep)
{
    int bits = is_deep ? DEEP_PHASE_BITS : PHASE_BITS;
    axis->side = side;
    axis->kernel = kernel;
    axis->factor = factor;
    axis->radius = (int)ceil(SUPPORT[kernel] * factor);
    axis->taps = 2 * axis->radius;
    axis->padded = axis->taps == 2 ? 2 : (axis->taps + 3) / 4 * 4;
    axis->table = NULL;
    for (double octave = 2.0; octave <= factor && bits > LEAST_PHASE_BITS; octave *= 2.0) bits--;
    axis->phases = kernel == LINEAR && factor == 1.0 ? WEIGHT_ONE : 1 << bits;
}

#define HELD 64 /* values of so many taps are held, and not computed twice */
#define LANES 16 /* phases of a table that are worked out side by side */

static INLINE double value_at(const Axis *axis, int kernel, int k, double phase)
{
    return kernel_at(kernel, (k - axis->radius + 1 - phase / axis->phases) / axis->factor);
}

/* Write the weights of `lanes` phases from `phase` on; more than one where all their values can be held. */
static INLINE void weights_by(const Axis *axis, int kernel, int phase, int lanes, int16_t *weights)
{
    double held[HELD * LANES], scale[LANES] = {0.0};
    int taps = axis->taps, padded = axis->padded, is_held = lanes > 1 || padded <= HELD;
    int32_t rest[LANES];
    if (is_held)
        for (int k = 0; k < padded; k++)
            for (int i = 0; i < lanes; i++) held[k * lanes + i] = value_at(axis, kernel, k, phase + i);
    for (int k = 0; k < taps; k++)
        for (int i = 0; i < lanes; i++)
            scale[i] += is_held ? held[k * lanes + i] : value_at(axis, kernel, k, phase + i);
    for (int i = 0; i < lanes; i++) scale[i] = WEIGHT_ONE / scale[i], rest[i] = WEIGHT_ONE;
    for (int k = 0; k < padded; k++)
        for (int i = 0; i < lanes; i++) {
            double value = is_held ? held[k * lanes + i] : value_at(axis, kernel, k, phase + i);
            int32_t weight = k < taps ? (int32_t)floor(value * scale[i] + 0.5) : 0;
            weights[i * padded + k] = (int16_t)weight;
            rest[i] -= weight;
        }
    for (int i = 0; i < lanes; i++, weights += padded) {
        int largest = 0;
        for (int k = 1; k < taps; k++) largest = weights[k] > weights[largest] ? k : largest;
        weights[largest] = (int16_t)(weights[largest] + rest[i]);
    }
}

static INLINE void weights_of_body(const Axis *axis, int phase, int16_t *weights)
{
    if (axis->phases == WEIGHT_ONE) { /* linear without a reduction: the fraction itself */
        weights[0] = (int16_t)(WEIGHT_ONE - phase);
        weights[1] = (int16_t)phase;
    } else if (axis->kernel == LINEAR) {
        weights_by(axis, LINEAR, phase, 1, weights);
    } else if (axis->kernel == CUBIC) {
        weights_by(axis, CUBIC, phase, 1, weights);
    } else {
        weights_by(axis, LANCZOS, phase, 1, weights);
    }
}

AUGKIT_PATHS(void, weights_of, (const Axis *axis, int phase, int16_t *weights), (axis, phase, weights))

static INLINE void block_of_body(const Axis *axis, int phase, int16_t *weights)
{
    if (axis->kernel == LINEAR) weights_by(axis, LINEAR, phase, LANES, weights);
    else if (axis->kernel == CUBIC) weights_by(axis, CUBIC, phase, LANES, weights);
    else weights_by(axis, LANCZOS, phase, LANES, weights);
}

AUGKIT_PATHS(void, block_of, (const Axis *axis, int phase, int16_t *weights), (axis, phase, weights))

void augkit_weights(const Axis *axis, int phase, int16_t *weights) { weights_of(axis, phase, weights); }

int augkit_table(Axis *axis)
{
    axis->table = malloc(sizeof(int16_t) * (size_t)(axis->phases + 1) * (size_t)axis->padded);
    if (!axis->table) return -1;
    int phase = 0;
    for (; axis->padded <= HELD && phase + LANES <= axis->phases; phase += LANES)
        block_of(axis, phase, axis->table + (ptrdiff_t)phase * axis->padded);
    for (; phase <= axis->phases; phase++)
        augkit_weights(axis, phase, axis->table + (ptrdiff_t)phase * axis->padded);
    return 0;
}
