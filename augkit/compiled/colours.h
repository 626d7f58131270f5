/* Colour runs: what is done to the colours of every pixel, as a program of whole numbers or, of deep pictures, reals.

   A program is made by augkit/executors/native/colour_programs.py, once a run, and read here, once a call. It is a list
   of eight int32 (kind, letter of the pictures' numbers, channels, whether the last is alpha, and four of the kind's
   own), then what the kind needs:

   TABLE   a table of 256 uint8 (65536 uint16 for pictures of 16 bits) for every colour.
   TABLES  own: which channel each colour is taken from (at most 4; as they are where there are more); a table as above
           for every colour.
   MIX     own: how many first tables (0, 1, 3), how many mixes. Tables of 256 int16 instead of the bytes themselves,
           then mixes of three colours; see `Mix`. For pictures of 8 bits.
   REAL    own: how many float64. Steps of a curve (see curves.h) and matrices (MATRIX, then three rows of four), on
           fractions of the range. */

#ifndef AUGKIT_COLOURS_H
#define AUGKIT_COLOURS_H

#include <stddef.h>
#include <stdint.h>

enum ColourKind { TABLE, TABLES, MIX, REAL };

#define MATRIX 100 /* a step of REAL, beside the functions of curves.h */
#define MATRIX_STEP 13 /* numbers of it */
#define MAX_COLOURS 4 /* whose source a program of TABLES tells */
#define MAX_MIXES 6

/* Three sums, (coefficient . colours + offset) >> shift, clamped to [low, high]; then, where there is one, a table. The
   offset holds half a unit of what is shifted out, so that the shift rounds. */
typedef struct {
    int32_t coefficients[3][3];
    int32_t offsets[3];
    int32_t shift, low, high;
    int32_t entries; /* of the table; 0: none */
    const int16_t *table; /* one entry longer than that, since vectors read two at a time */
} Mix;

typedef struct {
    int32_t kind, letter, channels, alpha;
    int32_t own[4];
    const uint8_t *tables;
    const double *steps; /* of REAL */
    Mix mixes[MAX_MIXES];
} Colours;

/* Read a program of `size` bytes, which must stay where it is and begin at a multiple of 8.
   Return 0, or -1 with an exception. */
int augkit_colours(Colours *colours, const void *program, ptrdiff_t size);

/* Recolour a row of pixels; `from` and `to` may be the same. Needs no GIL. */
void augkit_recolour(const Colours *colours, const void *from, void *to, ptrdiff_t pixels);

#endif
