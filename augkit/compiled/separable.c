/* Separable sampling: crops, resizes and flips, whose source columns depend on the target's column alone.

   Each source row that is shown is summed along x once, into a ring of rows; a target row is the sum of some of them.
   The same sums as the general sampler's, in the same order: the same bytes. */

#include "separable.h"
#include "dispatch.h"
#include <stdlib.h>
#include <string.h>

int augkit_is_separable(const Job *job)
{
    const double *m = job->map.m;
    return job->interpolation != NEAREST && job->map.kind == MATRIX_MAP && m[1] == 0.0 && m[3] == 0.0 && m[6] == 0.0 &&
           m[7] == 0.0 && m[8] == 1.0;
}

typedef struct {
    const Job *job;
    Columns columns;
    Across *across;
    Down *down;
    ptrdiff_t groups, sums; /* groups in the ring, bytes of a row of sums */
    ptrdiff_t *held; /* the group that each place of the ring holds, or -1 */
    char *ring;
    char *edge; /* GROUP source rows, copied where a kernel would read beyond the source */
    ptrdiff_t edge_row;
    ptrdiff_t begin, end; /* of the bytes of a source row that are shown */
    int16_t *weights; /* of a target row */
    const char **shown; /* its rows of sums */
    char *out;
} Work;

/* Add the weights of taps beyond an edge to the edge's. Return the first tap's pixel. */
static int32_t folded(const Axis *axis, int32_t first, int16_t *weights)
{
    int32_t last = (int32_t)(axis->side - 1), base = first > 0 ? first : 0;
    if (first >= 0 && first + axis->taps - 1 <= last) return base;
    for (int k = 0, to = 0; k < axis->taps; k++) {
        int16_t weight = weights[k];
        weights[k] = 0;
        to = first + k < base ? 0 : first + k > last ? last - base : first + k - base;
        weights[to] = (int16_t)(weights[to] + weight);
    }
    return base;
}

/* Find what every column shows. Return whether any gets the fill. */
static int find_columns(const Job *job, Columns *columns)
{
    double x[SPAN], y[SPAN];
    int32_t phase[SPAN];
    int is_filled = 0;
    for (ptrdiff_t left = 0; left < columns->width; left += SPAN) {
        int count = (int)(columns->width - left < SPAN ? columns->width - left : SPAN);
        augkit_pull(&job->map, 0, left, count, x, y);
        is_filled |= augkit_enter(x, count, job->source.width, job->border, 1, columns->outside + left);
        augkit_cells(&job->x, x, count, columns->base + left, phase);
        for (ptrdiff_t j = 0; j < count; j++) {
            ptrdiff_t column = left + j;
            int16_t *weights = columns->weights + column * columns->padded;
            augkit_weights(&job->x, phase[j], weights);
            if (job->source.kind != 'f') columns->base[column] = folded(&job->x, columns->base[column], weights);
        }
    }
    return is_filled;
}

/* Return source row `row`, copied to a place of its own where kernels could read beyond the source's end. */
static const char *source_row(Work *work, ptrdiff_t row)
{
    const Plane *source = &work->job->source;
    if (row >= source->height) row = source->height - 1; /* of a group that is not full */
    const char *from = source->data + row * source->row;
    ptrdiff_t size = source->width * source->channels * source->item;
    ptrdiff_t spare = work->columns.padded * source->channels * source->item + SPARE;
    if (source->row >= size && (source->height - 1 - row) * source->row >= spare) return from;
    return memcpy(work->edge + row % GROUP * work->edge_row, from, (size_t)size);
}

/* Call for what is shown of a row of the group that comes next: rows are too short for the processor to guess on. */
static void call_row(const Work *work, ptrdiff_t row)
{
    const Plane *source = &work->job->source;
    const char *from = source->data + row * source->row;
    for (ptrdiff_t at = work->begin; row < source->height && at < work->end; at += LINE_BYTES)
        __builtin_prefetch(from + at);
}

/* Return the sums of a source row, made with those of its group where the ring does not hold them. */
static const char *sums_of(Work *work, ptrdiff_t row)
{
    ptrdiff_t group = row / GROUP, place = group % work->groups;
    char *held = work->ring + place * GROUP * work->sums;
    if (work->held[place] != group) {
        const char *rows[GROUP];
        char *sums[GROUP];
        for (int k = 0; k < GROUP; k++) {
            rows[k] = source_row(work, group * GROUP + k);
            sums[k] = held + k * work->sums;
            call_row(work, (group + 1) * GROUP + k);
        }
        work->across(&work->columns, rows, sums);
        work->held[place] = group;
    }
    return held + row % GROUP * work->sums;
}

static void fill_pixels(const Work *work, char *row, int is_whole)
{
    ptrdiff_t size = work->job->target.item * work->job->target.channels;
    for (ptrdiff_t j = 0; j < work->columns.width; j++)
        if (is_whole || work->columns.outside[j]) memcpy(row + j * size, work->job->fill, (size_t)size);
}

/* Make one target row. */
static void make_row(Work *work, ptrdiff_t row, int is_filled)
{
    const Job *job = work->job;
    const Axis *axis = &job->y;
    ptrdiff_t size = job->target.width * job->target.channels * job->target.item;
    char *to = job->target.data + row * job->target.row;
    double x, y;
    int32_t first, phase;
    uint8_t is_out = 0;
    augkit_pull(&job->map, row, 0, 1, &x, &y);
    augkit_enter(&y, 1, job->source.height, job->border, 1, &is_out);
    if (is_out) {
        fill_pixels(work, to, 1);
        return;
    }
    augkit_cells(axis, &y, 1, &first, &phase);
    augkit_weights(axis, phase, work->weights);
    int taps = axis->taps, begin = 0;
    ptrdiff_t last = job->source.height - 1;
    while (taps > 1 && work->weights[taps - 1] == 0) taps--;
    while (begin < taps - 1 && work->weights[begin] == 0) begin++;
    for (int k = begin; k < taps; k++) {
        ptrdiff_t place = (ptrdiff_t)first + k;
        work->shown[k] = sums_of(work, place < 0 ? 0 : place > last ? last : place);
    }
    work->down(work->shown + begin, work->weights + begin, taps - begin, job->target.width * job->target.channels,
               work->out);
    if (job->colours) augkit_recolour(job->colours, work->out, work->out, job->target.width);
    if (is_filled) fill_pixels(work, work->out, 0);
    memcpy(to, work->out, (size_t)size);
}

int augkit_separable(const Job *job)
{
    Work work = {.job = job};
    Columns *columns = &work.columns;
    ptrdiff_t width = job->target.width, values = width * job->target.channels, taps = job->y.taps;
    columns->width = width;
    columns->side = job->source.width;
    columns->taps = job->x.taps;
    columns->channels = (int)job->target.channels;
    columns->padded = job->x.padded;
    int is_byte = job->source.kind == 'B';
    work.groups = (taps + GROUP - 1) / GROUP + 1;
    work.sums = values * (is_byte ? 2 : 8) + SPARE;
    work.edge_row = (job->source.width + columns->padded) * job->source.channels * job->source.item + SPARE;
    columns->base = malloc(sizeof(int32_t) * (size_t)width);
    columns->weights = malloc(sizeof(int16_t) * (size_t)(width * columns->padded) + SPARE);
    columns->outside = calloc((size_t)width, 1);
    work.held = malloc(sizeof(ptrdiff_t) * (size_t)work.groups);
    work.ring = malloc((size_t)(work.groups * GROUP * work.sums));
    work.edge = calloc((size_t)(GROUP * work.edge_row), 1);
    work.weights = malloc(sizeof(int16_t) * (size_t)job->y.padded + SPARE);
    work.shown = malloc(sizeof(char *) * (size_t)taps);
    work.out = malloc((size_t)(values * job->target.item) + SPARE);
    int is_ready = columns->base && columns->weights && columns->outside && work.held && work.ring && work.edge &&
                   work.weights && work.shown && work.out;
    if (is_ready && width > 0) {
        int is_filled = find_columns(job, columns), is_upwards = job->map.m[4] < 0.0;
        work.across = is_byte ? augkit_byte_across(columns) : NULL;
        if (!work.across) work.across = augkit_across(columns, job->source.kind);
        work.down = is_byte ? augkit_byte_down() : NULL;
        if (!work.down) work.down = augkit_down(job->source.kind);
        int32_t low = columns->base[0], high = low;
        for (ptrdiff_t j = 1; j < width; j++) {
            low = columns->base[j] < low ? columns->base[j] : low;
            high = columns->base[j] > high ? columns->base[j] : high;
        }
        work.begin = low * job->source.item * job->source.channels;
        work.end = (high + job->x.taps) * job->source.item * job->source.channels;
        for (ptrdiff_t k = 0; k < work.groups; k++) work.held[k] = -1;
        for (ptrdiff_t k = 0; k < job->target.height; k++) /* source rows downwards, so that each is summed once */
            make_row(&work, is_upwards ? job->target.height - 1 - k : k, is_filled);
    }
    void *all[] = {columns->base, columns->weights, columns->outside, work.held, work.ring,
                   work.edge,     work.weights,     work.shown,       work.out};
    for (size_t k = 0; k < sizeof(all) / sizeof(*all); k++) free(all[k]);
    return is_ready ? 0 : -1;
}
