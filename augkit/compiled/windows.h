/* Windows that slide over a picture: their geometry, and the padded rows that they slide over. */

#ifndef AUGKIT_WINDOWS_H
#define AUGKIT_WINDOWS_H

#include "planes.h"

enum Border { REFLECT, REPLICATE, WRAP, CONSTANT };

typedef struct {
    Plane source, target, fill;  /* the fill: a number a channel, needed by CONSTANT alone */
    ptrdiff_t height, width;     /* of the window, in pixels */
    ptrdiff_t step_y, step_x;    /* from window to window */
    ptrdiff_t pad_y, pad_x;      /* pixels around the picture */
    enum Border border;
    ptrdiff_t wide, full;        /* numbers of a padded row, and of a row of windows that are one pixel apart */
} Windows;

/* Read (source, target, geometry, fill): the geometry is seven int64 in the order of the fields above, the border as its
   number. Return 0, or -1 with an exception: kinds or sizes do not fit. */
int augkit_windows(PyObject *const *arguments, Windows *windows);

void augkit_windows_release(Windows *windows);

/* Write padded row `y`, counted from the top of the padding, of `wide` numbers. */
void augkit_padded_row(const Windows *windows, ptrdiff_t y, char *row);

/* Write the windows of a row of results, `full` numbers, at the stride into row `y` of the target. */
void augkit_strided_row(const Windows *windows, const char *results, ptrdiff_t y);

#endif
