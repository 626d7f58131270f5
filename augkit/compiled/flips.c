/* Whole-pixel moves: flips, quarter turns, crops and shifts by whole pixels. Rows and columns in another order, nothing
   interpolated; what lies outside the source follows the border rule. */

#include "dispatch.h"
#include "sampling.h"
#include <stdlib.h>
#include <string.h>

/* Neighbouring target pixels along an axis that show neighbouring source pixels. */
typedef struct {
    ptrdiff_t first, count, source; /* target's first, how many, the source pixel it shows; -1: the fill */
    int step; /* of the source: 1, -1, or 0 */
} Run;

static INLINE void mirrored_row_body(char *to, const char *from, ptrdiff_t width, ptrdiff_t size)
{
    from += (width - 1) * size;
    switch (size) { /* of a pixel, in bytes: a constant is copied by one or two instructions */
    case 1:
        for (ptrdiff_t x = 0; x < width; x++) to[x] = from[-x];
        break;
    case 3:
        for (ptrdiff_t x = 0; x < width; x++, to += 3, from -= 3) memcpy(to, from, 3);
        break;
    case 4:
        for (ptrdiff_t x = 0; x < width; x++, to += 4, from -= 4) memcpy(to, from, 4);
        break;
    default:
        for (ptrdiff_t x = 0; x < width; x++, to += size, from -= size) memcpy(to, from, (size_t)size);
    }
}

#if AUGKIT_X86

/* The shuffle of pixels of `size` bytes into the opposite order. Return how many there are, 0 where it is of no use. */
static ptrdiff_t mirror_shuffle(ptrdiff_t size, uint8_t *mask)
{
    ptrdiff_t bytes = augkit_path == AVX512 ? 32 : 16, count = size <= bytes / 2 ? bytes / size : 0;
    memset(mask, 0x80, 32);
    for (ptrdiff_t p = 0; p < count; p++)
        for (ptrdiff_t b = 0; b < size; b++) mask[p * size + b] = (uint8_t)((count - 1 - p) * size + b);
    return count;
}

/* 16 bytes at a time, of which the last may not hold a whole pixel: the row's ends are done pixel by pixel. */
TARGET_AVX2 static void mirrored_row_avx2(char *to, const char *from, ptrdiff_t width, ptrdiff_t size, const uint8_t *bytes,
                                          ptrdiff_t count)
{
    ptrdiff_t done = width < count + 1 ? width : count + 1;
    mirrored_row_body(to, from + (width - done) * size, done, size);
    if (count) {
        const __m128i mask = _mm_loadu_si128((const __m128i *)bytes);
        const ptrdiff_t step = count * size;
        const char *next = from + (width - done) * size;
        for (char *place = to + done * size; done + count < width; done += count, place += step) {
            next -= step;
            _mm_storeu_si128((__m128i *)place, _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)next), mask));
        }
    }
    mirrored_row_body(to + done * size, from, width - done, size);
}

/* 32 bytes at a time, whose last bytes are no pixel's, from the row's end backwards to its beginning. */
TARGET_AVX512 static void mirrored_row_avx512(char *to, const char *from, ptrdiff_t width, ptrdiff_t size,
                                              const uint8_t *bytes, ptrdiff_t count)
{
    ptrdiff_t done = width < count + 1 ? width : count + 1;
    mirrored_row_body(to, from + (width - done) * size, done, size);
    if (count) {
        const __m256i mask = _mm256_loadu_si256((const __m256i *)bytes);
        const ptrdiff_t step = count * size;
        const char *next = from + (width - done) * size;
        for (char *place = to + done * size; done + count < width; done += count, place += step) {
            next -= step;
            _mm256_storeu_si256((__m256i *)place,
                                _mm256_permutexvar_epi8(mask, _mm256_loadu_si256((const __m256i *)next)));
        }
    }
    mirrored_row_body(to + done * size, from, width - done, size);
}

#endif

enum { AHEAD = 8 }; /* rows */

/* Call for the source's row some rows on: one that was not touched lately comes from afar, and one that is read
   backwards, or too short, is not guessed by the processor. Nothing is read where it lies beyond the picture. */
static INLINE void fetch_row(const char *from, ptrdiff_t row, ptrdiff_t size)
{
    for (ptrdiff_t at = 0; at < size; at += LINE_BYTES) __builtin_prefetch(from + AHEAD * row + at);
}

/* Write `rows` rows of `width` pixels, each from right to left. */
static void mirrored(char *to, ptrdiff_t to_row, const char *from, ptrdiff_t from_row, ptrdiff_t rows, ptrdiff_t width,
                     ptrdiff_t size)
{
#if AUGKIT_X86
    uint8_t mask[32];
    ptrdiff_t count = mirror_shuffle(size, mask);
    if (augkit_path != SCALAR) {
        for (ptrdiff_t y = 0; y < rows; y++, to += to_row, from += from_row) {
            fetch_row(from, from_row, width * size);
            if (augkit_path == AVX512) mirrored_row_avx512(to, from, width, size, mask, count);
            else mirrored_row_avx2(to, from, width, size, mask, count);
        }
        return;
    }
#endif
    for (ptrdiff_t y = 0; y < rows; y++, to += to_row, from += from_row) mirrored_row_body(to, from, width, size);
}

/* Say whether an axis of the target, moved, stays within a side of the source. */
static int is_within(double sign, double shift, ptrdiff_t count, ptrdiff_t side)
{
    double other = shift + sign * (double)count;
    return (shift < other ? shift : other) >= 0.0 && (shift < other ? other : shift) <= (double)side;
}

/* Say whether every target pixel shows exactly one of the source's. Beyond an edge that is repeated, cubic and lanczos
   show the value at the very edge, which is no pixel's. */
int augkit_is_whole(const Job *job)
{
    const double *m = job->map.m;
    if (job->map.kind != MATRIX_MAP || m[6] != 0.0 || m[7] != 0.0 || m[8] != 1.0) return 0;
    if (job->interpolation != NEAREST && (job->x.factor != 1.0 || job->y.factor != 1.0)) return 0;
    int is_straight = (m[0] == 1.0 || m[0] == -1.0) && m[1] == 0.0 && m[3] == 0.0 && (m[4] == 1.0 || m[4] == -1.0);
    int is_turned = m[0] == 0.0 && (m[1] == 1.0 || m[1] == -1.0) && (m[3] == 1.0 || m[3] == -1.0) && m[4] == 0.0;
    double x = m[2], y = m[5];
    if (job->border == REPLICATE && job->interpolation > LINEAR &&
        !(is_within(m[0] + m[1], x, is_turned ? job->target.height : job->target.width, job->source.width) &&
          is_within(m[3] + m[4], y, is_turned ? job->target.width : job->target.height, job->source.height)))
        return 0;
    return (is_straight || is_turned) && x > -1e9 && x < 1e9 && y > -1e9 && y < 1e9 && x == (double)(int64_t)x &&
           y == (double)(int64_t)y;
}

/* The source pixel that is shown where `place` of an axis would be, -1 for the fill. */
static ptrdiff_t bordered(ptrdiff_t place, ptrdiff_t side, int border)
{
    if (place >= 0 && place < side) return place;
    if (border == CONSTANT) return -1;
    if (border == REPLICATE) return place < 0 ? 0 : side - 1;
    ptrdiff_t period = border == WRAP ? side : 2 * side, rest = place % period;
    if (rest < 0) rest += period;
    return rest < side ? rest : period - 1 - rest;
}

/* Find the runs of an axis: target pixel t shows t + shift, or, backwards, shift - 1 - t. Return how many there are. */
static ptrdiff_t find_runs(ptrdiff_t count, double sign, double shift, ptrdiff_t side, int border, Run *runs)
{
    ptrdiff_t found = 0, from = (ptrdiff_t)shift;
    for (ptrdiff_t t = 0; t < count; t++) {
        ptrdiff_t place = bordered(sign > 0.0 ? t + from : from - 1 - t, side, border);
        Run *last = runs + found - 1;
        if (found && last->count == 1 && (place < 0) == (last->source < 0) && place - last->source <= 1 &&
            place - last->source >= -1)
            last->step = (int)(place - last->source); /* a run of one may go on anywhere */
        if (found && (place < 0 ? last->source < 0
                                : last->source >= 0 && place == last->source + last->step * last->count)) {
            last->count++;
        } else {
            runs[found++] = (Run){t, 1, place, 0};
        }
    }
    return found;
}

static void repeat(char *to, const char *pixel, ptrdiff_t count, ptrdiff_t size)
{
    for (ptrdiff_t x = 0; x < count; x++) memcpy(to + x * size, pixel, (size_t)size);
}

static void show_fill(const Job *job, const Run *rows, const Run *columns, ptrdiff_t size)
{
    char *to = job->target.data + rows->first * job->target.row + columns->first * size;
    for (ptrdiff_t i = 0; i < rows->count; i++, to += job->target.row) repeat(to, job->fill, columns->count, size);
}

/* Show source rows as target rows, by one run of each axis. */
static void show_part(const Job *job, const Run *rows, const Run *columns, ptrdiff_t size)
{
    const Plane *source = &job->source;
    char *to = job->target.data + rows->first * job->target.row + columns->first * size;
    const char *from = source->data + rows->source * source->row + columns->source * size;
    ptrdiff_t step = rows->step * source->row;
    if (columns->step < 0)
        mirrored(to, job->target.row, from - (columns->count - 1) * size, step, rows->count, columns->count, size);
    else if (columns->step > 0)
        for (ptrdiff_t i = 0; i < rows->count; i++) {
            fetch_row(from + i * step, step, columns->count * size);
            memcpy(to + i * job->target.row, from + i * step, (size_t)(columns->count * size));
        }
    else
        for (ptrdiff_t i = 0; i < rows->count; i++)
            repeat(to + i * job->target.row, from + i * step, columns->count, size);
}

#define TURNED_ROWS 32 /* target rows at a time, a line of each in the first-level cache */

/* A block of rows of a quarter turn: source rows `from` along the target's columns, its columns down the rows. */
static INLINE void turned_block(const Job *job, const Run *down, const Run *across, ptrdiff_t first, ptrdiff_t count,
                                ptrdiff_t size)
{
    for (ptrdiff_t j = 0; j < across->count; j++) {
        char *to = job->target.data + (down->first + first) * job->target.row + (across->first + j) * size;
        const char *from = job->source.data + (across->source + across->step * j) * job->source.row +
                           (down->source + down->step * first) * size;
        /* Three bytes are copied as four where the target's next column takes the fourth, and it is the source's. */
        int is_wide = size == 3 && j + 1 < across->count && job->source.row >= job->source.width * size &&
                      across->source + across->step * j + 1 < job->source.height;
        ptrdiff_t step = down->step * size;
        if (is_wide)
            for (ptrdiff_t i = 0; i < count; i++, to += job->target.row, from += step) memcpy(to, from, 4);
        else
            for (ptrdiff_t i = 0; i < count; i++, to += job->target.row, from += step) memcpy(to, from, (size_t)size);
    }
}

/* Show a part of a quarter turn: its rows go down the source's columns. */
static void show_turned(const Job *job, const Run *down, const Run *across, ptrdiff_t size)
{
    ptrdiff_t top = across->step < 0 ? across->source - across->count + 1 : across->source;
    ptrdiff_t left = down->step < 0 ? down->source - down->count + 1 : down->source;
    augkit_touch(job->source.data + top * job->source.row + left * size, job->source.row,
                 across->step ? across->count : 1, (down->step ? down->count : 1) * size);
    for (ptrdiff_t i = 0; i < down->count; i += TURNED_ROWS) {
        ptrdiff_t count = down->count - i < TURNED_ROWS ? down->count - i : TURNED_ROWS;
        if (size == 1) turned_block(job, down, across, i, count, 1);
        else if (size == 3) turned_block(job, down, across, i, count, 3);
        else if (size == 4) turned_block(job, down, across, i, count, 4);
        else turned_block(job, down, across, i, count, size);
    }
}

int augkit_whole(const Job *job)
{
    const double *m = job->map.m;
    ptrdiff_t height = job->target.height, width = job->target.width, row_runs, column_runs;
    Run *rows = malloc(sizeof(Run) * (size_t)(height + width) + 1), *columns = rows + height;
    if (!rows) return -1;
    const int is_straight = m[0] != 0.0; /* else x depends on the target's row, and y on its column */
    const ptrdiff_t size = job->source.item * job->source.channels;
    row_runs = is_straight ? find_runs(height, m[4], m[5], job->source.height, job->border, rows)
                           : find_runs(height, m[1], m[2], job->source.width, job->border, rows);
    column_runs = is_straight ? find_runs(width, m[0], m[2], job->source.width, job->border, columns)
                              : find_runs(width, m[3], m[5], job->source.height, job->border, columns);
    for (int is_fill = 0; is_fill < 2; is_fill++) { /* the fill last: its colours stay */
        for (ptrdiff_t r = 0; r < row_runs; r++)
            for (ptrdiff_t c = 0; c < column_runs; c++)
                if ((rows[r].source < 0 || columns[c].source < 0) != is_fill) continue;
                else if (is_fill) show_fill(job, rows + r, columns + c, size);
                else if (is_straight) show_part(job, rows + r, columns + c, size);
                else show_turned(job, rows + r, columns + c, size);
        for (ptrdiff_t y = 0; job->colours && !is_fill && y < height; y++) {
            char *row = job->target.data + y * job->target.row;
            augkit_recolour(job->colours, row, row, width);
        }
    }
    free(rows);
    return 0;
}
