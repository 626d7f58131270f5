/* Planes: pictures that lie in memory, as kernels see the buffers of Python's arrays. */

#ifndef AUGKIT_PLANES_H
#define AUGKIT_PLANES_H

#include "methods.h"
#include <stddef.h>
#include <stdint.h>

/* A picture (height, width, channels) of numbers of `kind`, a letter of struct: B, H, f, d, i ... Within a row numbers
   lie side by side; rows may lie anywhere, also upwards. (H, W) has one channel. */
typedef struct {
    char *data;
    ptrdiff_t height, width, channels;
    ptrdiff_t row; /* bytes from one row to the next */
    ptrdiff_t item; /* bytes of a number */
    char kind;
    Py_buffer view; /* to be released */
} Plane;

/* Read an array of two or three dimensions into `plane`. Return 0, or -1 with an exception: it is no such array, a row
   is not in one piece, or it is read-only and `writable` was asked for. What was got is given back by augkit_release. */
int augkit_plane(PyObject *array, int writable, Plane *plane);

/* Read an array in one piece, of any shape, of numbers of `kind` ('\0': any) and at least `count` of them, as above. */
int augkit_numbers(PyObject *array, int writable, char kind, ptrdiff_t count, Plane *plane);

void augkit_release(Plane *plane);

/* Check the number of arguments that a method got. Return 0, or -1 with an exception. */
int augkit_count(const char *name, Py_ssize_t count, Py_ssize_t wanted);

#endif
