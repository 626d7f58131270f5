/* Parts of convex rings within a frame: Sutherland and Hodgman's clipping, an edge of the frame after the other.

   targets/clipping.py has the same sums in NumPy, for all rings at once. */

#include "methods.h"
#include "planes.h"
#include <string.h>

enum { FOUR = 4, MOST = 20 }; /* corners of a ring, and of what four cuts could make of it: half as many more each */

typedef struct {
    double at[2];
} Corner;

/* Write the part of a ring on one side of a limit along an axis. Return how many corners it has. */
static ptrdiff_t cut(const Corner *ring, ptrdiff_t count, int axis, double sign, double limit, Corner *found)
{
    ptrdiff_t kept = 0;
    for (ptrdiff_t place = 0; place < count; place++) {
        const Corner *now = ring + place, *before = ring + (place ? place : count) - 1;
        double depth = sign * (now->at[axis] - limit), depth_before = sign * (before->at[axis] - limit);
        if ((depth >= 0.0) != (depth_before >= 0.0)) {
            double share = depth_before / (depth_before - depth);
            Corner *met = found + kept++;
            for (int k = 0; k < 2; k++) met->at[k] = before->at[k] + share * (now->at[k] - before->at[k]);
            met->at[axis] = limit;
        }
        if (depth >= 0.0) found[kept++] = *now;
    }
    return kept;
}

static int is_convex(const Corner ring[FOUR])
{
    int turns_left = 1, turns_right = 1;
    for (int place = 0; place < FOUR; place++) {
        const double *a = ring[place].at, *b = ring[(place + 1) % FOUR].at, *c = ring[(place + 2) % FOUR].at;
        double turn = (b[0] - a[0]) * (c[1] - b[1]) - (b[1] - a[1]) * (c[0] - b[0]);
        turns_left &= turn >= 0.0, turns_right &= turn <= 0.0;
    }
    return turns_left || turns_right;
}

/* quads_inside(quads, width, height, points, counts): write the parts of rings (n, 4, 2) of float64 that lie within a
   frame, one after the other, into points (MOST n, 2), and how many each has into counts (n,) of int64. Return how many
   points there are, or None where a ring is not convex. */
AUGKIT_METHOD(augkit_quads_inside)
{
    (void)module;
    Plane quads, points, counts;
    if (augkit_count("quads_inside", count, 5)) return NULL;
    double width = PyFloat_AsDouble(arguments[1]), height = PyFloat_AsDouble(arguments[2]);
    if (PyErr_Occurred() || augkit_numbers(arguments[0], 0, 'd', 0, &quads)) return NULL;
    ptrdiff_t total = quads.width / (2 * FOUR), found = 0;
    if (augkit_numbers(arguments[3], 1, 'd', total * MOST * 2, &points)) {
        augkit_release(&quads);
        return NULL;
    }
    if (augkit_numbers(arguments[4], 1, 'q', total, &counts)) {
        augkit_release(&quads);
        augkit_release(&points);
        return NULL;
    }
    int are_convex = 1;
    for (ptrdiff_t ring = 0; ring < total && are_convex; ring++) {
        Corner one[MOST], other[MOST];
        memcpy(one, quads.data + ring * (ptrdiff_t)(FOUR * sizeof(Corner)), FOUR * sizeof(Corner));
        are_convex = is_convex(one);
        ptrdiff_t left = cut(one, FOUR, 0, 1.0, 0.0, other);
        left = cut(other, left, 0, -1.0, width, one);
        left = cut(one, left, 1, 1.0, 0.0, other);
        left = cut(other, left, 1, -1.0, height, one);
        memcpy(points.data + found * (ptrdiff_t)sizeof(Corner), one, left * sizeof(Corner));
        ((int64_t *)counts.data)[ring] = left;
        found += left;
    }
    augkit_release(&quads);
    augkit_release(&points);
    augkit_release(&counts);
    if (!are_convex) Py_RETURN_NONE;
    return PyLong_FromSsize_t(found);
}
