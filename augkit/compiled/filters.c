/* Filters: every value becomes the sum of its neighbours times a kernel, cross-correlated, each channel by itself.

   Pictures of 8 bits are filtered in int16 and int32. A kernel that is the product of two symmetric ones, such as a
   Gaussian, is taken along x, to 6 bits of fraction, then along y; the value itself may be added to that, which makes an
   unsharp mask. Others are lists of taps. Weights are int16, fractions of 2 ** shift; whoever makes them sees to it that
   their sums fit into int32: see executors/native/windows_filtered.py, which does the same in NumPy.

   Others are filtered in float64, the terms added in their order, so that no processor rounds otherwise. */

#include "dispatch.h"
#include "windows.h"
#include <stdlib.h>
#include <string.h>

enum { SPARE = 128, FRACTION = 6 }; /* numbers behind a row that vectors may read and write; bits of folded rows */

/* Sums over terms of (left + right) * weight; an even number of terms, the weights of two of them in one number. */
typedef struct {
    int count, shift;
    const int16_t **left, **right;
    const uint32_t *weights;
} Folds;

/* Sums over taps of two neighbours times two weights. */
typedef struct {
    int count, shift;
    const int32_t **from; /* rows of pairs: a value below, its right neighbour's above */
    const uint32_t *weights;
} Taps;

static INLINE int low(uint32_t pair) { return (int16_t)(pair & 0xffff); }
static INLINE int high(uint32_t pair) { return (int16_t)(pair >> 16); }
static INLINE uint32_t paired(int first, int second) { return (uint16_t)first | (uint32_t)(uint16_t)second << 16; }
static INLINE uint8_t clamped8(int value) { return value < 0 ? 0 : value > 255 ? 255 : value; }

/* Write the folds, rounded, as int16 to `to`, or if `bytes` is not NULL as bytes there, halves to even ones. */
static void folded_scalar(const Folds *folds, ptrdiff_t count, int16_t *to, uint8_t *bytes)
{
    enum { BLOCK = 64 };
    int half = (1 << folds->shift) / 2;
    for (ptrdiff_t start = 0; start < count; start += BLOCK) {
        int32_t sums[BLOCK] = {0};
        for (int term = 0; term < folds->count; term++) {
            const int16_t *left = folds->left[term] + start, *right = folds->right[term] + start;
            int weight = term % 2 ? high(folds->weights[term / 2]) : low(folds->weights[term / 2]);
            for (int i = 0; i < BLOCK; i++) sums[i] += (left[i] + right[i]) * weight;
        }
        for (int i = 0; i < BLOCK && bytes; i++)
            bytes[start + i] = clamped8((sums[i] + half - 1 + (sums[i] >> folds->shift & 1)) >> folds->shift);
        for (int i = 0; i < BLOCK && !bytes; i++) to[start + i] = (int16_t)((sums[i] + half) >> folds->shift);
    }
}

/* Write the taps, rounded, halves to even ones, as bytes. */
static void tapped_scalar(const Taps *taps, ptrdiff_t count, uint8_t *bytes)
{
    enum { BLOCK = 64 };
    int half = (1 << taps->shift) / 2;
    for (ptrdiff_t start = 0; start < count; start += BLOCK) {
        int32_t sums[BLOCK] = {0};
        for (int tap = 0; tap < taps->count; tap++) {
            const int32_t *from = taps->from[tap] + start;
            int first = low(taps->weights[tap]), second = high(taps->weights[tap]);
            for (int i = 0; i < BLOCK; i++) sums[i] += (from[i] & 0xffff) * first + (from[i] >> 16) * second;
        }
        for (int i = 0; i < BLOCK; i++)
            bytes[start + i] = clamped8((sums[i] + half - 1 + (sums[i] >> taps->shift & 1)) >> taps->shift);
    }
}

#if AUGKIT_X86
#define TARGET TARGET_AVX2
#define NAME(name) name##_avx2
#define VECTOR __m256i
#define LANES 16
#define LOAD(at) _mm256_loadu_si256((const __m256i *)(at))
#define STORE(at, v) _mm256_storeu_si256((__m256i *)(at), v)
#define STORE8(at, v) _mm_storeu_si128((__m128i *)(at), _mm256_castsi256_si128(_mm256_permute4x64_epi64(_mm256_packus_epi16(v, v), 0xd8)))
#define SET32 _mm256_set1_epi32
#define ADD16 _mm256_add_epi16
#define ADD32 _mm256_add_epi32
#define SUB32 _mm256_sub_epi32
#define AND _mm256_and_si256
#define SRA32 _mm256_sra_epi32
#define SRL32 _mm256_srl_epi32
#define MADD _mm256_madd_epi16
#define LOW16 _mm256_unpacklo_epi16
#define HIGH16 _mm256_unpackhi_epi16
#define PACK32 _mm256_packs_epi32
#define IN_ORDER(v) _mm256_permute4x64_epi64(v, 0xd8)
#include "filter_lanes.h"
#undef TARGET
#undef NAME
#undef VECTOR
#undef LANES
#undef LOAD
#undef STORE
#undef STORE8
#undef SET32
#undef ADD16
#undef ADD32
#undef SUB32
#undef AND
#undef SRA32
#undef SRL32
#undef MADD
#undef LOW16
#undef HIGH16
#undef PACK32
#undef IN_ORDER
#define TARGET TARGET_AVX512
#define NAME(name) name##_avx512
#define VECTOR __m512i
#define LANES 32
#define LOAD(at) _mm512_loadu_si512(at)
#define STORE(at, v) _mm512_storeu_si512(at, v)
#define STORE8(at, v) _mm256_storeu_si256((__m256i *)(at), _mm512_cvtusepi16_epi8(_mm512_max_epi16(v, _mm512_setzero_si512())))
#define SET32 _mm512_set1_epi32
#define ADD16 _mm512_add_epi16
#define ADD32 _mm512_add_epi32
#define SUB32 _mm512_sub_epi32
#define AND _mm512_and_si512
#define SRA32 _mm512_sra_epi32
#define SRL32 _mm512_srl_epi32
#define MADD _mm512_madd_epi16
#define LOW16 _mm512_unpacklo_epi16
#define HIGH16 _mm512_unpackhi_epi16
#define PACK32 _mm512_packs_epi32
#define IN_ORDER(v) _mm512_permutexvar_epi64(_mm512_set_epi64(7, 5, 3, 1, 6, 4, 2, 0), v)
#include "filter_lanes.h"
#endif

static void folded(const Folds *folds, ptrdiff_t count, int16_t *to, uint8_t *bytes)
{
#if AUGKIT_X86
    if (augkit_path == AVX512) return folded_avx512(folds, count, to, bytes);
    if (augkit_path == AVX2) return folded_avx2(folds, count, to, bytes);
#endif
    folded_scalar(folds, count, to, bytes);
}

static void tapped(const Taps *taps, ptrdiff_t count, uint8_t *bytes)
{
#if AUGKIT_X86
    if (augkit_path == AVX512) return tapped_avx512(taps, count, bytes);
    if (augkit_path == AVX2) return tapped_avx2(taps, count, bytes);
#endif
    tapped_scalar(taps, count, bytes);
}

static INLINE void widened_body(const uint8_t *from, int16_t *to, ptrdiff_t count, int bits)
{
    for (ptrdiff_t i = 0; i < count; i++) to[i] = (int16_t)(from[i] << bits);
}
AUGKIT_PATHS(void, widened, (const uint8_t *from, int16_t *to, ptrdiff_t count, int bits), (from, to, count, bits))

static INLINE void in_pairs_body(const uint8_t *from, int32_t *to, ptrdiff_t count, ptrdiff_t apart)
{
    for (ptrdiff_t i = 0; i < count; i++) to[i] = from[i] | from[i + apart] << 16;
}
AUGKIT_PATHS(void, in_pairs, (const uint8_t *from, int32_t *to, ptrdiff_t count, ptrdiff_t apart),
             (from, to, count, apart))

/* Pack the weights of terms two by two; `more` is one that comes last, if there is an odd number without it. */
static int packed(const int32_t *weights, int count, uint32_t *pairs)
{
    for (int term = 0; term < count; term += 2)
        pairs[term / 2] = paired(weights[term], term + 1 < count ? weights[term + 1] : 0);
    return (count + 1) / 2 * 2;
}

/* Filter by symmetric weights along x and y. `own` is half the weight of the value itself. Return 0 if memory lacks. */
static int filtered_by_two(const Windows *windows, const int32_t *along_x, int shift_x, const int32_t *along_y,
                           int shift_y, int own)
{
    const ptrdiff_t channels = windows->source.channels, height = windows->height, width = windows->width;
    const ptrdiff_t capacity = windows->wide + SPARE, terms_x = width / 2 + 1, terms_y = height / 2 + 1;
    const ptrdiff_t most = (terms_x > terms_y ? terms_x : terms_y) + 3;
    const int rows_kept = own ? 2 : 1; /* folded, and as they were */
    int16_t *rows = malloc(sizeof *rows * capacity * (height * rows_kept + 1));
    uint8_t *bytes = calloc(capacity, 2), *result = bytes + capacity;
    uint32_t *weights = calloc(2 * most, sizeof *weights), *weights_y = weights + most;
    const int16_t **places = malloc(sizeof *places * 2 * most);
    int is_ready = rows && bytes && weights && places;
    if (is_ready) {
        int16_t *wide = rows + capacity * height * rows_kept, *own_rows = rows + capacity * height;
        memset(rows, 0, sizeof *rows * capacity * (height * rows_kept + 1));
        Folds fold = {packed(along_x, terms_x, weights), shift_x, places, places + most, weights};
        Folds fold_y = {packed(along_y, terms_y, weights_y), shift_y, places, places + most, weights_y};
        if (own) { /* it takes the place of a term of weight 0, or comes behind */
            int at = terms_y % 2 ? fold_y.count - 1 : fold_y.count;
            weights_y[at / 2] = paired(at % 2 ? low(weights_y[at / 2]) : own, at % 2 ? own : 0);
            fold_y.count = at / 2 * 2 + 2;
        }
        ptrdiff_t next = 0; /* the first row that is not folded yet */
        for (ptrdiff_t y = 0; y < windows->target.height; y++) {
            ptrdiff_t top = y * windows->step_y;
            if (next < top) next = top;
            for (; next < top + height; next++) {
                int16_t *row = rows + next % height * capacity;
                augkit_padded_row(windows, next, (char *)bytes);
                widened(bytes, wide, capacity, 0);
                if (own) widened(bytes, own_rows + next % height * capacity, capacity, FRACTION);
                for (int term = 0; term < fold.count; term++) {
                    ptrdiff_t column = term < terms_x ? term : terms_x - 1;
                    fold.left[term] = wide + column * channels;
                    fold.right[term] = wide + (width - 1 - column) * channels;
                }
                folded(&fold, windows->full, row, NULL);
            }
            for (int term = 0; term < fold_y.count; term++) {
                ptrdiff_t row = term < terms_y ? term : terms_y - 1;
                fold_y.left[term] = rows + (top + row) % height * capacity;
                fold_y.right[term] = rows + (top + height - 1 - row) % height * capacity;
                if (own && term >= terms_y)
                    fold_y.left[term] = fold_y.right[term] =
                        own_rows + (top + height / 2) % height * capacity + width / 2 * channels;
            }
            folded(&fold_y, windows->full, NULL, result);
            augkit_strided_row(windows, (const char *)result, y);
        }
    }
    free(rows), free(bytes), free(weights), free(places);
    return is_ready;
}

/* Filter by taps, rows of (row, column, weight), ordered by row and column. Return 0 if memory lacks. */
static int filtered_by_taps(const Windows *windows, const int32_t *given, ptrdiff_t count, int shift)
{
    const ptrdiff_t height = windows->height, channels = windows->source.channels, capacity = windows->wide + SPARE;
    int32_t *rows = calloc(capacity * height, sizeof *rows);
    uint8_t *bytes = calloc(2 * capacity + channels, 1), *result = bytes + capacity + channels;
    uint32_t *weights = calloc(count + 1, sizeof *weights);
    const int32_t **places = malloc(sizeof *places * (count + 1));
    ptrdiff_t *at = malloc(sizeof *at * 2 * (count + 1));
    int is_ready = rows && bytes && weights && places && at;
    if (is_ready) {
        Taps taps = {0, shift, places, weights};
        for (ptrdiff_t tap = 0; tap < count; tap++, taps.count++) {
            const int32_t *one = given + 3 * tap, *next = one + 3;
            int has_next = tap + 1 < count && next[0] == one[0] && next[1] == one[1] + 1;
            at[2 * taps.count] = one[0], at[2 * taps.count + 1] = one[1] * channels;
            weights[taps.count] = paired(one[2], has_next ? next[2] : 0);
            tap += has_next;
        }
        ptrdiff_t next = 0;
        for (ptrdiff_t y = 0; y < windows->target.height; y++) {
            ptrdiff_t top = y * windows->step_y;
            if (next < top) next = top;
            for (; next < top + height; next++) {
                augkit_padded_row(windows, next, (char *)bytes);
                in_pairs(bytes, rows + next % height * capacity, capacity, channels);
            }
            for (int tap = 0; tap < taps.count; tap++)
                places[tap] = rows + (top + at[2 * tap]) % height * capacity + at[2 * tap + 1];
            tapped(&taps, windows->full, result);
            augkit_strided_row(windows, (const char *)result, y);
        }
    }
    free(rows), free(bytes), free(weights), free(places), free(at);
    return is_ready;
}

/* filter_by_two(source, target, geometry, fill, along_x, shift_x, along_y, shift_y, own): see filtered_by_two; the
   weights are int32, those of the first half of the window up to its middle, each for two, so the middle's is halved. */
AUGKIT_METHOD(augkit_filter_by_two)
{
    (void)module;
    Windows windows;
    Plane along_x, along_y;
    if (augkit_count("filter_by_two", count, 9) || augkit_windows(arguments, &windows)) return NULL;
    int shift_x = (int)PyLong_AsLong(arguments[5]), shift_y = (int)PyLong_AsLong(arguments[7]);
    int own = (int)PyLong_AsLong(arguments[8]), is_done = 0;
    if (!PyErr_Occurred() && !augkit_numbers(arguments[4], 0, 'i', windows.width / 2 + 1, &along_x)) {
        if (!augkit_numbers(arguments[6], 0, 'i', windows.height / 2 + 1, &along_y)) {
            if (windows.source.kind != 'B')
                PyErr_SetString(PyExc_ValueError, "filter_by_two: must be of 8 bits");
            else {
                Py_BEGIN_ALLOW_THREADS
                is_done = filtered_by_two(&windows, (const int32_t *)along_x.data, shift_x,
                                          (const int32_t *)along_y.data, shift_y, own);
                Py_END_ALLOW_THREADS
                if (!is_done) PyErr_NoMemory();
            }
            augkit_release(&along_y);
        }
        augkit_release(&along_x);
    }
    augkit_windows_release(&windows);
    if (!is_done) return NULL;
    Py_RETURN_NONE;
}

/* filter_by_taps(source, target, geometry, fill, taps, shift): see filtered_by_taps; the taps are int32 (n, 3). */
AUGKIT_METHOD(augkit_filter_by_taps)
{
    (void)module;
    Windows windows;
    Plane taps;
    if (augkit_count("filter_by_taps", count, 6) || augkit_windows(arguments, &windows)) return NULL;
    int shift = (int)PyLong_AsLong(arguments[5]), is_done = 0;
    if (!PyErr_Occurred() && !augkit_numbers(arguments[4], 0, 'i', 0, &taps)) {
        const int32_t *given = (const int32_t *)taps.data;
        int is_sound = windows.source.kind == 'B' && taps.width % 3 == 0;
        for (ptrdiff_t i = 0; i + 2 < taps.width; i += 3)
            is_sound &= given[i] >= 0 && given[i] < windows.height && given[i + 1] >= 0 && given[i + 1] < windows.width;
        if (!is_sound)
            PyErr_SetString(PyExc_ValueError, "filter_by_taps: must be of 8 bits, every tap within the window");
        else {
            Py_BEGIN_ALLOW_THREADS
            is_done = filtered_by_taps(&windows, given, taps.width / 3, shift);
            Py_END_ALLOW_THREADS
            if (!is_done) PyErr_NoMemory();
        }
        augkit_release(&taps);
    }
    augkit_windows_release(&windows);
    if (!is_done) return NULL;
    Py_RETURN_NONE;
}
