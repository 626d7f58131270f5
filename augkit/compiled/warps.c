/* Fields of uniform cubic B-splines at single points: where a target point comes from, and where a source point goes.

   Control points lie as (2, rows, columns), pushes along x first; see core/warp.py, which has the same sums in NumPy,
   each in the written order. */

#include "methods.h"
#include "planes.h"
#include <math.h>

enum { TAPS = 4, ITERATIONS = 60, HALVINGS = 8 };

typedef struct {
    const double *pushes; /* (2, rows, columns) */
    ptrdiff_t rows, columns;
    double across, down; /* pixels between control points along x and y */
} Grid;

typedef struct {
    double x, y;
} Point;

/* The four neighbours of a place along an axis, the outermost repeated beyond the frame, and their weights. */
typedef struct {
    ptrdiff_t at[TAPS];
    double weights[TAPS], slopes[TAPS];
} Neighbours;

static Neighbours neighbours_of(double position, double spacing, ptrdiff_t count)
{
    Neighbours found;
    double scaled = position / spacing;
    if (isnan(scaled)) scaled = 0.0;
    scaled = scaled < -1e6 ? -1e6 : scaled > 1e6 ? 1e6 : scaled;
    double cell = floor(scaled), t = scaled - cell, u = 1.0 - t;
    for (int k = 0; k < TAPS; k++) {
        ptrdiff_t at = (ptrdiff_t)cell + k;
        found.at[k] = at < 0 ? 0 : at > count - 1 ? count - 1 : at;
    }
    found.weights[0] = u * u * u / 6.0;
    found.weights[1] = (4.0 - 6.0 * t * t + 3.0 * t * t * t) / 6.0;
    found.weights[2] = (4.0 - 6.0 * u * u + 3.0 * u * u * u) / 6.0;
    found.weights[3] = t * t * t / 6.0;
    found.slopes[0] = -u * u / 2.0;
    found.slopes[1] = t * (3.0 * t - 4.0) / 2.0;
    found.slopes[2] = u * (4.0 - 3.0 * u) / 2.0;
    found.slopes[3] = t * t / 2.0;
    return found;
}

static Point summed(const Grid *grid, const Neighbours *x, const Neighbours *y, const double *x_weights,
                    const double *y_weights)
{
    Point sum = {0.0, 0.0};
    const double *other = grid->pushes + grid->rows * grid->columns;
    for (int row = 0; row < TAPS; row++)
        for (int column = 0; column < TAPS; column++) {
            double weight = y_weights[row] * x_weights[column];
            ptrdiff_t at = y->at[row] * grid->columns + x->at[column];
            sum.x += grid->pushes[at] * weight;
            sum.y += other[at] * weight;
        }
    return sum;
}

/* The displacement at a point, and where `slopes` is given its derivatives along x and y, in pixels a cell. */
static Point displaced(const Grid *grid, Point point, Point slopes[2])
{
    Neighbours x = neighbours_of(point.x, grid->across, grid->columns);
    Neighbours y = neighbours_of(point.y, grid->down, grid->rows);
    if (slopes) {
        slopes[0] = summed(grid, &x, &y, x.slopes, y.weights);
        slopes[1] = summed(grid, &x, &y, x.weights, y.slopes);
    }
    return summed(grid, &x, &y, x.weights, y.weights);
}

static double square(Point error) { return error.x * error.x + error.y * error.y; }

/* How far the point that comes from `target` lies beside `point`. */
static Point missed(const Grid *grid, Point target, Point point)
{
    Point push = displaced(grid, target, NULL);
    return (Point){target.x + push.x - point.x, target.y + push.y - point.y};
}

/* Newton's method, damped: a step that does not bring the point nearer is halved. */
static Point unwarped(const Grid *grid, Point point, double tolerance)
{
    Point push = displaced(grid, point, NULL), target = {point.x - push.x, point.y - push.y};
    Point error = missed(grid, target, point);
    for (int iteration = 0; iteration < ITERATIONS && square(error) > tolerance; iteration++) {
        Point slopes[2], moved, left;
        displaced(grid, target, slopes);
        double a = slopes[0].x / grid->across, c = slopes[0].y / grid->across;
        double b = slopes[1].x / grid->down, d = slopes[1].y / grid->down;
        double determinant = (1 + a) * (1 + d) - b * c;
        if (!(determinant > 1e-3)) determinant = 1e-3;
        Point step = {((1 + d) * error.x - b * error.y) / determinant, ((1 + a) * error.y - c * error.x) / determinant};
        for (int halving = 0; halving < HALVINGS; halving++) {
            moved = (Point){target.x - step.x, target.y - step.y};
            left = missed(grid, moved, point);
            if (!(square(left) > square(error))) break;
            step.x *= 0.5, step.y *= 0.5;
        }
        target = moved, error = left;
    }
    return target;
}

/* unwarp(pushes, columns, spacing_y, spacing_x, tolerance, points): move source points (n, 2) of float64 to the target
   points that show them; the tolerance is the square of how far a point may be off, in pixels. */
AUGKIT_METHOD(augkit_unwarp)
{
    (void)module;
    Plane pushes, points;
    Grid grid;
    if (augkit_count("unwarp", count, 6)) return NULL;
    grid.columns = PyLong_AsSsize_t(arguments[1]);
    grid.down = PyFloat_AsDouble(arguments[2]);
    grid.across = PyFloat_AsDouble(arguments[3]);
    double tolerance = PyFloat_AsDouble(arguments[4]);
    if (PyErr_Occurred() || augkit_numbers(arguments[0], 0, 'd', 0, &pushes)) return NULL;
    if (augkit_numbers(arguments[5], 1, 'd', 0, &points)) {
        augkit_release(&pushes);
        return NULL;
    }
    int fits = grid.columns > 0 && pushes.width > 0 && pushes.width % (2 * grid.columns) == 0 && points.width % 2 == 0;
    if (fits) {
        grid.pushes = (const double *)pushes.data;
        grid.rows = pushes.width / (2 * grid.columns);
        Point *all = (Point *)points.data;
        Py_BEGIN_ALLOW_THREADS
        for (ptrdiff_t place = 0; place < points.width / 2; place++) all[place] = unwarped(&grid, all[place], tolerance);
        Py_END_ALLOW_THREADS
    }
    augkit_release(&pushes);
    augkit_release(&points);
    if (fits) Py_RETURN_NONE;
    PyErr_SetString(PyExc_ValueError, "unwarp: must get whole rows of control points, and points of two numbers");
    return NULL;
}

/* shortened(pushes, limit_x, limit_y): return pushes (2, n) of float64, each pair shortened to its limits, as the bytes
   of float32. */
AUGKIT_METHOD(augkit_shortened)
{
    (void)module;
    Plane pushes;
    if (augkit_count("shortened", count, 3)) return NULL;
    double limit_x = PyFloat_AsDouble(arguments[1]), limit_y = PyFloat_AsDouble(arguments[2]);
    if (PyErr_Occurred() || augkit_numbers(arguments[0], 0, 'd', 0, &pushes)) return NULL;
    PyObject *made = PyBytes_FromStringAndSize(NULL, pushes.width * (Py_ssize_t)sizeof(float));
    if (made) {
        float *to = (float *)PyBytes_AsString(made);
        const double *from = (const double *)pushes.data;
        ptrdiff_t half = pushes.width / 2;
        for (ptrdiff_t place = 0; place < half; place++) {
            double x = from[place], y = from[half + place], excess = fabs(x) / limit_x, other = fabs(y) / limit_y;
            excess = excess > other ? excess : other;
            excess = excess > 1.0 ? excess : 1.0;
            to[place] = (float)(x / excess + 0.0); /* no negative zeros: a field at rest is all zero bytes */
            to[half + place] = (float)(y / excess + 0.0);
        }
    }
    augkit_release(&pushes);
    return made;
}
