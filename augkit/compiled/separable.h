/* Separable sampling: rows of a source summed along x once each, and these sums along y. */

#ifndef AUGKIT_SEPARABLE_H
#define AUGKIT_SEPARABLE_H

#include "sampling.h"

#define GROUP 4 /* source rows that are summed along x at a time */
#define SPARE 128 /* bytes that a kernel may read or write beyond the end of a row */

/* What the target's columns show: the taps of column j begin at source pixel base[j], and weigh weights[j * padded]
   onwards. Taps beyond the source's edge count for the pixel there: in pictures of whole numbers they are added to its
   weight; sums of real numbers stay in their order, and base may lie outside. */
typedef struct {
    ptrdiff_t width, side; /* of the target and of the source */
    int channels, taps, padded;
    int32_t *base;
    int16_t *weights;
    uint8_t *outside; /* columns that get the fill */
} Columns;

/* Sum GROUP rows of the source along x. Sums are int16 for uint8 and float64 for other pictures. */
typedef void Across(const Columns *columns, const char *const *rows, char *const *sums);

/* Write `values` numbers of a target row: rows of sums, `taps` of them, by weights. `out` has SPARE bytes more. */
typedef void Down(const char *const *sums, const int16_t *weights, int taps, ptrdiff_t values, char *out);

/* Kernels in vectors of the chosen path, NULL where there is none: uint8 of 1 to 4 channels. */
Across *augkit_byte_across(const Columns *columns);
Down *augkit_byte_down(void);
Across *augkit_wide_across(void); /* of the path avx512 */
Down *augkit_wide_down(void);

/* Kernels of any path and number of channels, by the letter of the kind. */
Across *augkit_across(const Columns *columns, char kind);
Down *augkit_down(char kind);

#endif
