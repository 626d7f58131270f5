/* Blends: pictures of one shape added up, each times its weight.

   Bytes are added up in whole numbers of 32 bits, others in float64 in the order in which they are given. */

#include "curves.h"
#include "dispatch.h"
#include "planes.h"
#include <string.h>

#define MAX_PICTURES 32
#define CHUNK 512 /* values at a time */

static INLINE void add_bytes_body(int32_t *sums, const uint8_t *values, ptrdiff_t count, int32_t weight)
{
    for (ptrdiff_t i = 0; i < count; i++) sums[i] += weight * values[i];
}

AUGKIT_PATHS(void, add_bytes, (int32_t *sums, const uint8_t *values, ptrdiff_t count, int32_t weight),
             (sums, values, count, weight))

/* Sums of weights with `bits` of fraction as bytes. What lies within `near` units of a half counts as one, since the
   weights were rounded, and goes to the even number. */
static INLINE void round_sums_body(const int32_t *sums, uint8_t *to, ptrdiff_t count, int32_t bits, int32_t near)
{
    int32_t even = ((int32_t)1 << (bits - 1)) - near - 1, odd = 2 * near + 1;
    for (ptrdiff_t i = 0; i < count; i++) {
        int32_t value = (sums[i] + even + (-((sums[i] >> bits) & 1) & odd)) >> bits;
        to[i] = (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
    }
}

AUGKIT_PATHS(void, round_sums, (const int32_t *sums, uint8_t *to, ptrdiff_t count, int32_t bits, int32_t near),
             (sums, to, count, bits, near))

static void blend_bytes(const Plane *pictures, ptrdiff_t count, const double *weights, const double *rule, uint8_t *to,
                        ptrdiff_t y)
{
    int32_t sums[CHUNK];
    ptrdiff_t values = pictures[0].width * pictures[0].channels;
    for (ptrdiff_t start = 0; start < values; start += CHUNK) {
        ptrdiff_t size = values - start < CHUNK ? values - start : CHUNK;
        memset(sums, 0, sizeof sums);
        for (ptrdiff_t k = 0; k < count; k++)
            add_bytes(sums, (const uint8_t *)pictures[k].data + y * pictures[k].row + start, size, (int32_t)weights[k]);
        round_sums(sums, to + start, size, (int32_t)rule[0], (int32_t)rule[1]);
    }
}

static void blend_reals(const Plane *pictures, ptrdiff_t count, const double *weights, char *to, ptrdiff_t y)
{
    double sums[CHUNK];
    int is_deep = pictures[0].kind == 'H';
    ptrdiff_t values = pictures[0].width * pictures[0].channels;
    for (ptrdiff_t start = 0; start < values; start += CHUNK) {
        ptrdiff_t size = values - start < CHUNK ? values - start : CHUNK;
        memset(sums, 0, sizeof sums);
        for (ptrdiff_t k = 0; k < count; k++) {
            const char *row = pictures[k].data + y * pictures[k].row;
            for (ptrdiff_t i = start; i < start + size; i++)
                sums[i - start] += weights[k] * (is_deep ? ((const uint16_t *)row)[i] : ((const float *)row)[i]);
        }
        if (is_deep) augkit_round(sums, size, 1.0, 0.0, 65535.0);
        for (ptrdiff_t i = 0; i < size; i++) {
            double value = sums[i] < 0.0 ? 0.0 : sums[i];
            if (is_deep) ((uint16_t *)to)[start + i] = (uint16_t)value;
            else ((float *)to)[start + i] = (float)(value > 1.0 ? 1.0 : value);
        }
    }
}

/* blend(pictures, weights, target): write the sum of a tuple's pictures, each times its weight, a float64.
   For uint8 weights are whole numbers, and two more follow: with how many bits of fraction, and `near`. */
AUGKIT_METHOD(augkit_blend)
{
    (void)module;
    Plane pictures[MAX_PICTURES], weights, target;
    ptrdiff_t read = 0;
    if (augkit_count("blend", count, 3)) return NULL;
    ptrdiff_t given = PyTuple_Size(arguments[0]);
    if (given < 0 || augkit_plane(arguments[2], 1, &target)) return NULL;
    int fits = given >= 1 && given <= MAX_PICTURES && memchr("BHf", target.kind, 3);
    int has_weights = augkit_numbers(arguments[1], 0, 'd', given + 2 * (target.kind == 'B'), &weights) == 0;
    for (; fits && has_weights && read < given; read++) {
        Plane *each = pictures + read;
        if (augkit_plane(PyTuple_GetItem(arguments[0], read), 0, each)) break;
        fits = each->height == target.height && each->width == target.width && each->channels == target.channels &&
               each->kind == target.kind;
    }
    if (fits && has_weights && read == given) {
        const double *numbers = (const double *)weights.data;
        Py_BEGIN_ALLOW_THREADS
        for (ptrdiff_t y = 0; y < target.height; y++) {
            char *to = target.data + y * target.row;
            if (target.kind == 'B') blend_bytes(pictures, given, numbers, numbers + given, (uint8_t *)to, y);
            else blend_reals(pictures, given, numbers, to, y);
        }
        Py_END_ALLOW_THREADS
    }
    while (read > 0) augkit_release(pictures + --read);
    if (has_weights) augkit_release(&weights);
    augkit_release(&target);
    if (!fits && !PyErr_Occurred())
        PyErr_SetString(PyExc_ValueError, "blend: must get 1 to 32 pictures of one shape, of uint8, uint16 or float32");
    if (PyErr_Occurred()) return NULL;
    Py_RETURN_NONE;
}
