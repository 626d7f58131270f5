/* Weights of taps: the triangle, Keys' cubic and Lanczos' windowed sinc, widened by the factor of a reduction.

   Sums are made in the written order, so that sampling_twin.py has the same bits; sines are polynomials, as two
   libraries' sines differ.

   References: Keys, "Cubic convolution interpolation for digital image processing", IEEE TASSP 1981 (a = -1/2);
   Duchon, "Lanczos filtering in one and two dimensions", Journal of Applied Meteorology 1979. */

#include "weights.h"
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

static double kernel_at(int kernel, double t)
{
    t = fabs(t);
    if (kernel == LINEAR) return t < 1.0 ? 1.0 - t : 0.0;
    if (kernel == CUBIC) {
        if (t < 1.0) return (1.5 * t - 2.5) * t * t + 1.0;
        return t < 2.0 ? ((2.5 - 0.5 * t) * t - 4.0) * t + 2.0 : 0.0;
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

void augkit_weights(const Axis *axis, int phase, int16_t *weights)
{
    if (axis->phases == WEIGHT_ONE) { /* linear without a reduction: the fraction itself */
        weights[0] = (int16_t)(WEIGHT_ONE - phase);
        weights[1] = (int16_t)phase;
        return;
    }
    double part = (double)phase / axis->phases, total = 0.0;
    for (int k = 0; k < axis->taps; k++) total += kernel_at(axis->kernel, (k - axis->radius + 1 - part) / axis->factor);
    double scale = WEIGHT_ONE / total;
    int left = WEIGHT_ONE, largest = 0;
    for (int k = 0; k < axis->padded; k++) {
        double value = k < axis->taps ? kernel_at(axis->kernel, (k - axis->radius + 1 - part) / axis->factor) : 0.0;
        weights[k] = (int16_t)floor(value * scale + 0.5);
        left -= weights[k];
        if (weights[k] > weights[largest]) largest = k;
    }
    weights[largest] = (int16_t)(weights[largest] + left);
}

int augkit_table(Axis *axis)
{
    axis->table = malloc(sizeof(int16_t) * (size_t)(axis->phases + 1) * (size_t)axis->padded);
    if (!axis->table) return -1;
    for (int phase = 0; phase <= axis->phases; phase++)
        augkit_weights(axis, phase, axis->table + (ptrdiff_t)phase * axis->padded);
    return 0;
}
