/* Weights of the taps of an axis, for every phase of a position between two pixels. */

#ifndef AUGKIT_WEIGHTS_H
#define AUGKIT_WEIGHTS_H

#include <stddef.h>
#include <stdint.h>

enum Interpolation { NEAREST, LINEAR, CUBIC, LANCZOS };

#define WEIGHT_BITS 14 /* the weights of a phase sum to 2^14, exactly */
#define WEIGHT_ONE (1 << WEIGHT_BITS)

/* How an axis of the source is sampled. A position u (pixel j lies at u = j) in cell floor(u) and in the phase nearest
   to its fraction has the taps cell - radius + 1 to cell + radius. */
typedef struct {
    ptrdiff_t side; /* pixels */
    int kernel; /* Interpolation */
    double factor; /* of the reduction, 1 or more */
    int radius;
    int taps; /* 2 radius */
    int padded; /* taps and zeros behind them, a multiple of 4; 2 for two taps */
    int phases; /* in a pixel, a power of two; the fraction may be rounded up to a whole */
    int16_t *table; /* (phases + 1, padded), or NULL: see augkit_table */
} Axis;

/* Set up an axis without its table. Deep pictures, of more than 8 bits, have finer phases. */
void augkit_axis(Axis *axis, ptrdiff_t side, int kernel, double factor, int is_deep);

/* Write the weights of one phase, `padded` of them. */
void augkit_weights(const Axis *axis, int phase, int16_t *weights);

/* Make the table of all phases, to be freed by the caller. Return 0, or -1 where there is no memory. */
int augkit_table(Axis *axis);

#endif
