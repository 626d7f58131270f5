/* Rings and lines of points: their spans, their areas or lengths, and the parts of convex ones within a frame, by
   Sutherland and Hodgman's clipping, an edge of the frame after the other.

   targets/outlines.py and targets/clipping.py have the same sums in NumPy, for all rings at once. */

#include "methods.h"
#include "planes.h"
#include <math.h>
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

/* Twice the area of a ring, from its first point on: far from the origin, products lose what is small. */
static double twice_area(const Corner *ring, ptrdiff_t count)
{
    double sum = 0.0, x = 0.0, y = 0.0;
    for (ptrdiff_t place = 0; place < count; place++) {
        const Corner *after = ring + (place + 1 < count ? place + 1 : 0);
        double next_x = after->at[0] - ring->at[0], next_y = after->at[1] - ring->at[1];
        sum += x * next_y - next_x * y;
        x = next_x, y = next_y;
    }
    return fabs(sum);
}

static double length(const Corner *line, ptrdiff_t count)
{
    double sum = 0.0;
    for (ptrdiff_t place = 0; place + 1 < count; place++) {
        double x = line[place + 1].at[0] - line[place].at[0], y = line[place + 1].at[1] - line[place].at[1];
        sum += sqrt(x * x + y * y);
    }
    return sum;
}

/* Take a number into a span; one that is none makes the whole span none. */
static void widen(double *low, double *high, double number)
{
    if (number < *low || isnan(number)) *low = number;
    if (number > *high || isnan(number)) *high = number;
}

/* measured(points, ends, is_closed, facts): write what is known of rings or lines of points (n, 2), which end at `ends`
   (r,), none empty, into facts (5, r) of float64: their least x and y, their greatest, and their area or length. */
AUGKIT_METHOD(augkit_measured)
{
    (void)module;
    Plane points, ends, facts;
    if (augkit_count("measured", count, 4)) return NULL;
    int is_closed = PyObject_IsTrue(arguments[2]);
    if (is_closed < 0 || augkit_numbers(arguments[0], 0, 'd', 0, &points)) return NULL;
    if (augkit_numbers(arguments[1], 0, 'q', 0, &ends)) {
        augkit_release(&points);
        return NULL;
    }
    ptrdiff_t total = ends.width, start = 0;
    if (augkit_numbers(arguments[3], 1, 'd', 5 * total, &facts)) {
        augkit_release(&points);
        augkit_release(&ends);
        return NULL;
    }
    int fits = 1;
    for (ptrdiff_t ring = 0; ring < total && fits; ring++) {
        ptrdiff_t end = (ptrdiff_t)((int64_t *)ends.data)[ring];
        fits = start < end && 2 * end <= points.width;
        if (!fits) break;
        const Corner *first = (const Corner *)points.data + start;
        double low[2] = {first->at[0], first->at[1]}, high[2] = {first->at[0], first->at[1]};
        for (ptrdiff_t place = 1; place < end - start; place++)
            for (int axis = 0; axis < 2; axis++) widen(low + axis, high + axis, first[place].at[axis]);
        double *to = (double *)facts.data + ring;
        to[0] = low[0], to[total] = low[1], to[2 * total] = high[0], to[3 * total] = high[1];
        to[4 * total] = is_closed ? twice_area(first, end - start) / 2.0 : length(first, end - start);
        start = end;
    }
    augkit_release(&points);
    augkit_release(&ends);
    augkit_release(&facts);
    if (fits) Py_RETURN_NONE;
    PyErr_SetString(PyExc_ValueError, "measured: rings must end one after the other, within the points");
    return NULL;
}
