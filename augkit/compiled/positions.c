/* Positions: maps evaluated in float64 in the written order, so that every path and sampling_twin.py have the same bits.

   A matrix gives (a x + (b y + c)) / (g x + (h y + i)); a lattice is a uniform cubic B-spline of nodes, summed along y
   and then along x, each from the first to the fourth node; points come as they are. */

#include "positions.h"
#include "dispatch.h"
#include <math.h>
#include <string.h>

static INLINE void matrix_row_body(const double *m, double down, ptrdiff_t left, int count, double *x, double *y)
{
    double a = m[0], b = m[3], x0 = m[1] * down + m[2], y0 = m[4] * down + m[5];
    if (m[6] == 0.0 && m[7] == 0.0 && m[8] == 1.0) { /* a straight line */
        for (int j = 0; j < count; j++) {
            double across = (double)(int)(left + j) + 0.5;
            x[j] = a * across + x0;
            y[j] = b * across + y0;
        }
        return;
    }
    double g = m[6], depth0 = m[7] * down + m[8];
    for (int j = 0; j < count; j++) {
        double across = (double)(int)(left + j) + 0.5, depth = g * across + depth0;
        double along_x = (a * across + x0) / depth, along_y = (b * across + y0) / depth;
        x[j] = ((depth > 0.0) & (fabs(along_x) <= 1e300)) ? along_x : -1.0; /* beyond the horizon is nothing */
        y[j] = ((depth > 0.0) & (fabs(along_y) <= 1e300)) ? along_y : -1.0;
    }
}

AUGKIT_PATHS(void, matrix_row, (const double *m, double down, ptrdiff_t left, int count, double *x, double *y),
             (m, down, left, count, x, y))

/* A span of a lattice from column `left` on: `nodes_x` and `nodes_y` are those of its row, already summed along y. */
static INLINE void lattice_row_body(const double *nodes_x, const double *nodes_y, const Map *map, int left, int count,
                                    double *restrict x, double *restrict y)
{
    const int32_t *cells = (const int32_t *)map->column_cells.data + left, *ends = map->ends + left;
    const double *w0 = (const double *)map->column_weights.data + left, *w1 = w0 + map->column_cells.width;
    const double *w2 = w1 + map->column_cells.width, *w3 = w2 + map->column_cells.width;
    for (int j = 0; j < count;) {
        const double *n = nodes_x + cells[j], *m = nodes_y + cells[j];
        double n0 = n[0], n1 = n[1], n2 = n[2], n3 = n[3], m0 = m[0], m1 = m[1], m2 = m[2], m3 = m[3];
        int end = ends[j] - left < count ? ends[j] - left : count;
        for (; j < end; j++) {
            x[j] = ((w0[j] * n0 + w1[j] * n1) + w2[j] * n2) + w3[j] * n3;
            y[j] = ((w0[j] * m0 + w1[j] * m1) + w2[j] * m2) + w3[j] * m3;
        }
    }
}

AUGKIT_PATHS(void, lattice_row,
             (const double *nodes_x, const double *nodes_y, const Map *map, int left, int count, double *x, double *y),
             (nodes_x, nodes_y, map, left, count, x, y))

static INLINE void node_row_body(const double *n, ptrdiff_t step, const double *w, ptrdiff_t count, double *out)
{
    for (ptrdiff_t k = 0; k < count; k++)
        out[k] = ((w[0] * n[k] + w[1] * n[k + step]) + w[2] * n[k + 2 * step]) + w[3] * n[k + 3 * step];
}

AUGKIT_PATHS(void, node_row, (const double *n, ptrdiff_t step, const double *w, ptrdiff_t count, double *out),
             (n, step, w, count, out))

static void lattice_span(const Map *map, ptrdiff_t row, ptrdiff_t left, int count, double *x, double *y)
{
    const double *nodes = (const double *)map->numbers.data, *weights = (const double *)map->row_weights.data;
    ptrdiff_t height = map->row_cells.width, columns = map->columns;
    const int32_t *cells = (const int32_t *)map->column_cells.data + left;
    double w[4] = {weights[row], weights[height + row], weights[2 * height + row], weights[3 * height + row]};
    ptrdiff_t first = cells[0], shown = cells[count - 1] + 4 - first;
    double summed[2][NODES_OF_SPAN];
    nodes += ((const int32_t *)map->row_cells.data)[row] * columns + first;
    node_row(nodes, columns, w, shown, summed[0]);
    node_row(nodes + map->rows * columns, columns, w, shown, summed[1]);
    lattice_row(summed[0] - first, summed[1] - first, map, (int)left, count, x, y);
}

int augkit_is_straight(const Map *map)
{
    return map->kind == MATRIX_MAP && map->m[6] == 0.0 && map->m[7] == 0.0 && map->m[8] == 1.0;
}

void augkit_pull(const Map *map, ptrdiff_t row, ptrdiff_t left, int count, double *x, double *y)
{
    if (map->kind == MATRIX_MAP) {
        matrix_row(map->m, (double)row + 0.5, left, count, x, y);
    } else if (map->kind == LATTICE_MAP) {
        lattice_span(map, row, left, count, x, y);
    } else {
        const double *from = (const double *)map->numbers.data + row * map->columns + left;
        memcpy(x, from, sizeof(double) * (size_t)count);
        memcpy(y, from + map->rows * map->columns, sizeof(double) * (size_t)count);
        for (int j = 0; j < count; j++) {
            if (!(fabs(x[j]) <= 1e300)) x[j] = -1.0;
            if (!(fabs(y[j]) <= 1e300)) y[j] = -1.0;
        }
    }
}

static INLINE int64_t beyond_body(const double *position, int count, double low, double high)
{
    int64_t found = 0;
    for (int j = 0; j < count; j++) found |= -(int64_t)(position[j] < low) | -(int64_t)(position[j] > high);
    return found;
}

AUGKIT_PATHS(int64_t, beyond, (const double *position, int count, double low, double high),
             (position, count, low, high))

static INLINE void folded_body(double *position, int count, double side)
{
    for (int j = 0; j < count; j++) position[j] = side - fabs(side - fabs(position[j]));
}

AUGKIT_PATHS(void, folded, (double *position, int count, double side), (position, count, side))

static INLINE void clipped_body(double *position, int count, double side)
{
    for (int j = 0; j < count; j++) {
        double p = position[j] > 0.0 ? position[j] : 0.0;
        position[j] = p < side ? p : side;
    }
}

AUGKIT_PATHS(void, clipped, (double *position, int count, double side), (position, count, side))

static INLINE int marked_body(const double *position, int count, double low, double high, uint8_t *outside)
{
    int found = 0;
    for (int j = 0; j < count; j++) {
        int is_out = (position[j] < low) | (position[j] > high);
        outside[j] |= (uint8_t)is_out;
        found |= is_out;
    }
    return found;
}

AUGKIT_PATHS(int, marked, (const double *position, int count, double low, double high, uint8_t *outside),
             (position, count, low, high, outside))

/* Say whether any position lies beyond; along a straight line that is one of its ends. */
static int64_t is_beyond(const double *position, int count, double low, double high, int is_straight)
{
    if (!is_straight) return beyond(position, count, low, high);
    double first = position[0], last = position[count - 1];
    return (first < low) | (first > high) | (last < low) | (last > high);
}

int augkit_enter(double *position, int count, ptrdiff_t pixels, int border, int is_straight, uint8_t *outside)
{
    double side = (double)pixels;
    int found = 0;
    if (!is_beyond(position, count, 0.0, border == WRAP ? side - EDGE_PX : side, is_straight)) return 0;
    if (border == REFLECT) {
        if (is_beyond(position, count, -side, 2.0 * side, is_straight))
            for (int j = 0; j < count; j++) position[j] = fmod(position[j], 2.0 * side);
        folded(position, count, side);
    } else if (border == WRAP) {
        for (int j = 0; j < count; j++) {
            double rest = fmod(position[j] + EDGE_PX, side);
            position[j] = (rest < 0.0 ? rest + side : rest) - EDGE_PX;
        }
    } else if (border == CONSTANT) {
        found = marked(position, count, -EDGE_PX, side + EDGE_PX, outside);
    }
    clipped(position, count, side);
    return found;
}

static INLINE void cells_body(const double *position, int count, int radius, double phases, int32_t *first,
                              int32_t *phase)
{
    for (int j = 0; j < count; j++) {
        double p = position[j] + 0.5; /* one more than u: a cast rounds towards zero */
        int32_t cell = (int32_t)p;
        first[j] = cell - radius;
        phase[j] = (int32_t)((p - (double)cell) * phases + 0.5);
    }
}

#if AUGKIT_X86

/* The same, four at a time; compilers make more of it. */
TARGET_AVX2 static void cells_avx2(const double *position, int count, int radius, double phases, int32_t *first,
                                   int32_t *phase)
{
    const __m256d half = _mm256_set1_pd(0.5), scale = _mm256_set1_pd(phases);
    const __m128i shift = _mm_set1_epi32(radius);
    int j = 0;
    for (; j + 4 <= count; j += 4) {
        __m256d p = _mm256_add_pd(_mm256_loadu_pd(position + j), half);
        __m128i cell = _mm256_cvttpd_epi32(p);
        __m256d part = _mm256_mul_pd(_mm256_sub_pd(p, _mm256_cvtepi32_pd(cell)), scale);
        _mm_storeu_si128((__m128i *)(first + j), _mm_sub_epi32(cell, shift));
        _mm_storeu_si128((__m128i *)(phase + j), _mm256_cvttpd_epi32(_mm256_add_pd(part, half)));
    }
    cells_body(position + j, count - j, radius, phases, first + j, phase + j);
}

TARGET_AVX512 static void cells_avx512(const double *position, int count, int radius, double phases, int32_t *first,
                                       int32_t *phase)
{
    const __m512d half = _mm512_set1_pd(0.5), scale = _mm512_set1_pd(phases);
    const __m256i shift = _mm256_set1_epi32(radius);
    int j = 0;
    for (; j + 8 <= count; j += 8) {
        __m512d p = _mm512_add_pd(_mm512_loadu_pd(position + j), half);
        __m256i cell = _mm512_cvttpd_epi32(p);
        __m512d part = _mm512_mul_pd(_mm512_sub_pd(p, _mm512_cvtepi32_pd(cell)), scale);
        _mm256_storeu_si256((__m256i *)(first + j), _mm256_sub_epi32(cell, shift));
        _mm256_storeu_si256((__m256i *)(phase + j), _mm512_cvttpd_epi32(_mm512_add_pd(part, half)));
    }
    cells_body(position + j, count - j, radius, phases, first + j, phase + j);
}

static void cells(const double *position, int count, int radius, double phases, int32_t *first, int32_t *phase)
{
    if (augkit_path == SCALAR) cells_body(position, count, radius, phases, first, phase);
    else if (augkit_path == AVX512) cells_avx512(position, count, radius, phases, first, phase);
    else cells_avx2(position, count, radius, phases, first, phase);
}

#else

static void cells(const double *position, int count, int radius, double phases, int32_t *first, int32_t *phase)
{
    cells_body(position, count, radius, phases, first, phase);
}

#endif

void augkit_cells(const Axis *axis, const double *position, int count, int32_t *first, int32_t *phase)
{
    cells(position, count, axis->radius, (double)axis->phases, first, phase);
}

static INLINE void nearest_body(double last, const double *position, int count, int32_t *pixel)
{
    for (int j = 0; j < count; j++) {
        double p = position[j] + EDGE_PX;
        pixel[j] = (int32_t)(p < last ? p : last);
    }
}

AUGKIT_PATHS(void, nearest, (double last, const double *position, int count, int32_t *pixel),
             (last, position, count, pixel))

void augkit_nearest(ptrdiff_t side, const double *position, int count, int32_t *pixel)
{
    nearest((double)(side - 1), position, count, pixel);
}
