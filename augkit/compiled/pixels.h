/* Pixels sampled one by one, for one kind of number: included by pixels.c with

   NAME    of the kind                       VALUE       the type of a number
   SUM     of the sums along x               TOTAL       of the sums along y
   ALONG   (sum) what is kept of a sum       FINISHED    (total) the number that comes out */

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)

/* Up to four channels of a pixel: `at` gives the place of tap (i, k), its first number. */
static INLINE void JOIN(NAME, _pixel)(const char *first, ptrdiff_t stride, ptrdiff_t step, int channels, int taps_x,
                                      int taps_y, const int16_t *wx, const int16_t *wy, VALUE *out)
{
    TOTAL total[4] = {0, 0, 0, 0};
    for (int i = 0; i < taps_y; i++) {
        const VALUE *tap = (const VALUE *)(first + i * stride);
        SUM sum[4] = {0, 0, 0, 0};
        for (int k = 0; k < taps_x; k++, tap += step)
            for (int c = 0; c < channels; c++) sum[c] += (SUM)wx[k] * (SUM)tap[c];
        for (int c = 0; c < channels; c++) total[c] += (TOTAL)wy[i] * (TOTAL)ALONG(sum[c]);
    }
    for (int c = 0; c < channels; c++) out[c] = FINISHED(total[c]);
}

static INLINE void JOIN(NAME, _span)(const Job *job, const Span *span, int count, char *out, int channels, int taps_x,
                                     int taps_y)
{
    ptrdiff_t stride = job->source.row, all = job->source.channels;
    int16_t wx2[2], wy2[2];
    for (int j = 0; j < count; j++) {
        const VALUE *first = (const VALUE *)(job->source.data + span->safe_row[j] * stride) + span->safe_column[j] * all;
        const int16_t *wx = wx2, *wy = wy2;
        if (job->x.table) wx = job->x.table + (ptrdiff_t)span->phase_x[j] * job->x.padded;
        else augkit_weights(&job->x, span->phase_x[j], wx2);
        if (job->y.table) wy = job->y.table + (ptrdiff_t)span->phase_y[j] * job->y.padded;
        else augkit_weights(&job->y, span->phase_y[j], wy2);
        VALUE *to = (VALUE *)out + j * all;
        if (channels) {
            JOIN(NAME, _pixel)((const char *)first, stride, channels, channels, taps_x, taps_y, wx, wy, to);
            continue;
        }
        for (ptrdiff_t c = 0; c < all; c += 4)
            JOIN(NAME, _pixel)((const char *)(first + c), stride, all, all - c < 4 ? (int)(all - c) : 4, taps_x, taps_y,
                               wx, wy, to + c);
    }
}

static INLINE void JOIN(NAME, _kernel_body)(const Job *job, const Span *span, int count, char *out)
{
    int two = job->x.taps == 2 && job->y.taps == 2;
    if (job->source.channels == 3 && two) JOIN(NAME, _span)(job, span, count, out, 3, 2, 2);
    else if (job->source.channels == 1 && two) JOIN(NAME, _span)(job, span, count, out, 1, 2, 2);
    else if (job->source.channels == 3) JOIN(NAME, _span)(job, span, count, out, 3, job->x.taps, job->y.taps);
    else if (job->source.channels == 1) JOIN(NAME, _span)(job, span, count, out, 1, job->x.taps, job->y.taps);
    else JOIN(NAME, _span)(job, span, count, out, 0, job->x.taps, job->y.taps);
}

static void JOIN(NAME, _edge)(const Job *job, int32_t column, int32_t row, int phase_x, int phase_y, char *out)
{
    ptrdiff_t all = job->source.channels;
    int16_t wx2[2], wy2[2];
    const int16_t *wx = wx2, *wy = wy2;
    if (job->x.table) wx = job->x.table + (ptrdiff_t)phase_x * job->x.padded;
    else augkit_weights(&job->x, phase_x, wx2);
    if (job->y.table) wy = job->y.table + (ptrdiff_t)phase_y * job->y.padded;
    else augkit_weights(&job->y, phase_y, wy2);
    for (ptrdiff_t start = 0; start < all; start += 4) {
        int channels = all - start < 4 ? (int)(all - start) : 4;
        TOTAL total[4] = {0, 0, 0, 0};
        for (int i = 0; i < job->y.taps; i++) {
            const char *line = job->source.data + clamped(row + i, job->source.height) * job->source.row;
            SUM sum[4] = {0, 0, 0, 0};
            for (int k = 0; k < job->x.taps; k++) {
                const VALUE *tap = (const VALUE *)line + clamped(column + k, job->source.width) * all + start;
                for (int c = 0; c < channels; c++) sum[c] += (SUM)wx[k] * (SUM)tap[c];
            }
            for (int c = 0; c < channels; c++) total[c] += (TOTAL)wy[i] * (TOTAL)ALONG(sum[c]);
        }
        for (int c = 0; c < channels; c++) ((VALUE *)out)[start + c] = FINISHED(total[c]);
    }
}

#undef JOIN
#undef JOIN_
#undef NAME
#undef VALUE
#undef SUM
#undef TOTAL
#undef ALONG
#undef FINISHED
