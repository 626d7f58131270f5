/* Sampling: what is known of one call of `sample`, and of a span of a target row while it is made. */

#ifndef AUGKIT_SAMPLING_H
#define AUGKIT_SAMPLING_H

#include "colours.h"
#include "positions.h"

#define SUM_BITS 8 /* that the sums along x lose: 6 bits below a level stay */
#define LEVEL_BITS (2 * WEIGHT_BITS - SUM_BITS) /* that the sums along y lose */

typedef struct {
    Plane source, target;
    Map map;
    Axis x, y;
    int interpolation, border;
    char *fill; /* a pixel, whose colours stay as they are */
    const Colours *colours; /* what is done to the colours of what was sampled, NULL: nothing */
    /* First taps from which a kernel reads nothing but the source: see safe_region in sampler.c. */
    int32_t most_column, most_row;
} Job;

typedef struct {
    double x[SPAN], y[SPAN];
    int32_t column[SPAN], row[SPAN]; /* of the first tap, or the nearest pixel */
    int32_t safe_column[SPAN], safe_row[SPAN];
    int32_t phase_x[SPAN], phase_y[SPAN];
    uint8_t outside[SPAN];
} Span;

/* Sample a span whose taps are all in the safe region, into `out`, which has room for 32 bytes more. */
typedef void Kernel(const Job *job, const Span *span, int count, char *out);

/* Sample one pixel with taps clamped at the edge. */
typedef void EdgeKernel(const Job *job, int32_t column, int32_t row, int phase_x, int phase_y, char *out);

/* The kernels of a job, and how many bytes of a row a kernel reads from its first tap on; NULL: of no such kind. */
Kernel *augkit_kernel(const Job *job, ptrdiff_t *reach);
EdgeKernel *augkit_edge_kernel(const Job *job);

/* The kernel in vectors of the chosen path, NULL where there is none: uint8 of 1 to 4 channels. */
Kernel *augkit_byte_kernel(const Job *job, ptrdiff_t *reach);
Kernel *augkit_wide_kernel(const Job *job); /* of the path avx512, which reads as much */

/* Touch `rows` rows of `bytes` bytes, `row` apart, in the order they lie in, where they fit the second-level cache: what a
   turned row crosses, the processor does not guess. Return whether they fit. */
int augkit_touch(const char *from, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t bytes);

/* Move whole pixels: see flips.c. Return 0, or -1 where there is no memory. */
int augkit_whole(const Job *job);
int augkit_is_whole(const Job *job);

/* Sample where the axes of the source are those of the target. Return 0, or -1 where there is no memory. */
int augkit_separable(const Job *job);
int augkit_is_separable(const Job *job);

#endif
