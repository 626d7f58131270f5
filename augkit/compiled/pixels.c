/* Sampling of any picture, pixel by pixel: uint8 in sums of 32 bits, uint16 of 64, float32 in float64.

   Along x first: s = (sum of wx p + 2^7) >> 8, then along y: (sum of wy s + 2^19) >> 20, clamped. */

#include "dispatch.h"
#include "sampling.h"

static ptrdiff_t clamped(ptrdiff_t index, ptrdiff_t side) { return index < 0 ? 0 : index < side ? index : side - 1; }

static INLINE int level_of(int64_t total, int most)
{
    int64_t level = (total + (1 << (LEVEL_BITS - 1))) >> LEVEL_BITS;
    return (int)(level < 0 ? 0 : level > most ? most : level);
}

static INLINE float float_of(double total)
{
    double value = total * (1.0 / WEIGHT_ONE / WEIGHT_ONE);
    value = value > 0.0 ? value : 0.0;
    return (float)(value < 1.0 ? value : 1.0);
}

#define ROUNDED_SUM(sum) (((sum) + (1 << (SUM_BITS - 1))) >> SUM_BITS)

#define NAME byte
#define VALUE uint8_t
#define SUM int32_t
#define TOTAL int32_t
#define ALONG ROUNDED_SUM
#define FINISHED(total) (uint8_t)level_of(total, 255)
#include "pixels.h"
AUGKIT_PATHS(void, byte_kernel, (const Job *job, const Span *span, int count, char *out), (job, span, count, out))

#define NAME deep
#define VALUE uint16_t
#define SUM int64_t
#define TOTAL int64_t
#define ALONG ROUNDED_SUM
#define FINISHED(total) (uint16_t)level_of(total, 65535)
#include "pixels.h"
AUGKIT_PATHS(void, deep_kernel, (const Job *job, const Span *span, int count, char *out), (job, span, count, out))

#define NAME real
#define VALUE float
#define SUM double
#define TOTAL double
#define ALONG(sum) (sum)
#define FINISHED(total) float_of(total)
#include "pixels.h"
AUGKIT_PATHS(void, real_kernel, (const Job *job, const Span *span, int count, char *out), (job, span, count, out))

static void nearest_kernel(const Job *job, const Span *span, int count, char *out)
{
    ptrdiff_t size = job->source.item * job->source.channels;
    for (int j = 0; j < count; j++, out += size) {
        const char *from = job->source.data + span->row[j] * job->source.row + span->column[j] * size;
        if (size == 1) *out = *from;
        else if (size == 3) out[0] = from[0], out[1] = from[1], out[2] = from[2];
        else
            for (ptrdiff_t b = 0; b < size; b++) out[b] = from[b];
    }
}

Kernel *augkit_kernel(const Job *job, ptrdiff_t *reach)
{
    *reach = job->source.item * job->source.channels * (job->interpolation == NEAREST ? 1 : job->x.taps);
    if (job->interpolation == NEAREST) return nearest_kernel;
    Kernel *fast = augkit_byte_kernel(job, reach);
    if (fast) return fast;
    return job->source.kind == 'B' ? byte_kernel : job->source.kind == 'H' ? deep_kernel : real_kernel;
}

EdgeKernel *augkit_edge_kernel(const Job *job)
{
    return job->source.kind == 'B' ? byte_edge : job->source.kind == 'H' ? deep_edge : real_edge;
}
