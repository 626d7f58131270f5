/* Filters: every value becomes the sum of its neighbours times a kernel, cross-correlated, each channel by itself.

   Pictures of 8 bits are filtered in int16 and int32. A kernel that is the product of two, such as a Gaussian, is taken
   along x, to 6 bits of fraction, then along y; the value itself may be added to that, which makes an unsharp mask.
   Others are lists of taps. Weights are int16, fractions of 2 ** shift; whoever makes them sees to it that their sums fit
   into int32: see executors/native/windows_filtered.py, which does the same in NumPy.

   Rows are kept in pairs, int32 whose lower half is a value and whose upper half its neighbour's: to the right along x,
   below along y. One instruction multiplies a pair by two weights and adds the products. */

#include "dispatch.h"
#include "windows.h"
#include <stdlib.h>
#include <string.h>

enum { SPARE = 128, FRACTION = 6 }; /* numbers behind a row that vectors may read and write; bits of folded rows */

/* Sums over taps: pairs times two weights. There are weights for two rows of results. */
typedef struct {
    int count, shift;
    const int32_t **from;
    const uint32_t *weights[2];
} Taps;

static INLINE int low(uint32_t pair) { return (int16_t)(pair & 0xffff); }
static INLINE int high(uint32_t pair) { return (int16_t)(pair >> 16); }
static INLINE uint32_t paired(int first, int second) { return (uint16_t)first | (uint32_t)(uint16_t)second << 16; }
static INLINE uint8_t clamped8(int value) { return value < 0 ? 0 : value > 255 ? 255 : value; }

enum { BLOCK = 64 };

static INLINE void added(int32_t *sums, const int32_t *from, uint32_t weights)
{
    int first = low(weights), second = high(weights);
    for (int i = 0; i < BLOCK; i++) sums[i] += (from[i] & 0xffff) * first + (from[i] >> 16) * second;
}

/* Write the sums, rounded, halves to even ones, as bytes: one row, or two where bytes[1] is not NULL. */
static void tapped_scalar(const Taps *taps, ptrdiff_t count, uint8_t *const *bytes)
{
    int half = (1 << taps->shift) / 2;
    for (int row = 0; row < 2 && bytes[row]; row++)
        for (ptrdiff_t start = 0; start < count; start += BLOCK) {
            int32_t sums[BLOCK] = {0};
            for (int tap = 0; tap < taps->count; tap++) added(sums, taps->from[tap] + start, taps->weights[row][tap]);
            for (int i = 0; i < BLOCK; i++)
                bytes[row][start + i] = clamped8((sums[i] + half - 1 + (sums[i] >> taps->shift & 1)) >> taps->shift);
        }
}

/* Write pairs of the sums, rounded, of two rows that lie `apart`: no sum is below 0 or above 16 bits. */
static void folded_scalar(const Taps *taps, ptrdiff_t apart, ptrdiff_t count, int32_t *to)
{
    int half = (1 << taps->shift) / 2;
    for (ptrdiff_t start = 0; start < count; start += BLOCK) {
        int32_t above[BLOCK] = {0}, below[BLOCK] = {0};
        for (int tap = 0; tap < taps->count; tap++) {
            added(above, taps->from[tap] + start, taps->weights[0][tap]);
            added(below, taps->from[tap] + apart + start, taps->weights[0][tap]);
        }
        for (int i = 0; i < BLOCK; i++)
            to[start + i] = (above[i] + half) >> taps->shift | ((below[i] + half) >> taps->shift) << 16;
    }
}

#if AUGKIT_X86
#define TARGET TARGET_AVX2
#define NAME(name) name##_avx2
#define VECTOR __m256i
#define LANES 8
#define PARTS 4 /* a sum each in a register, of two rows */
#define LOAD(at) _mm256_loadu_si256((const __m256i *)(at))
#define STORE(at, v) _mm256_storeu_si256((__m256i *)(at), v)
#define STORE8(at, v) stored8_avx2(at, v)
#define SET32(x) _mm256_set1_epi32((int)(x))
#define ADD32 _mm256_add_epi32
#define AND _mm256_and_si256
#define OR _mm256_or_si256
#define SRA32 _mm256_sra_epi32
#define SRL32 _mm256_srl_epi32
#define SLL32 _mm256_slli_epi32
#define DOT(sum, v, weights) _mm256_add_epi32(sum, _mm256_madd_epi16(v, weights))
TARGET static INLINE void stored8_avx2(uint8_t *at, __m256i v)
{
    __m128i sixteen = _mm_packs_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    _mm_storel_epi64((__m128i *)at, _mm_packus_epi16(sixteen, sixteen));
}
#include "filter_lanes.h"
#undef TARGET
#undef NAME
#undef VECTOR
#undef LANES
#undef PARTS
#undef LOAD
#undef STORE
#undef STORE8
#undef SET32
#undef ADD32
#undef AND
#undef OR
#undef SRA32
#undef SRL32
#undef SLL32
#undef DOT
#define TARGET TARGET_AVX512
#define NAME(name) name##_avx512
#define VECTOR __m512i
#define LANES 16
#define PARTS 8
#define LOAD(at) _mm512_loadu_si512(at)
#define STORE(at, v) _mm512_storeu_si512(at, v)
#define STORE8(at, v) \
    _mm_storeu_si128((__m128i *)(at), _mm512_cvtusepi32_epi8(_mm512_max_epi32(v, _mm512_setzero_si512())))
#define SET32(x) _mm512_set1_epi32((int)(x))
#define ADD32 _mm512_add_epi32
#define AND _mm512_and_si512
#define OR _mm512_or_si512
#define SRA32 _mm512_sra_epi32
#define SRL32 _mm512_srl_epi32
#define SLL32 _mm512_slli_epi32
#define DOT _mm512_dpwssd_epi32
#include "filter_lanes.h"
#endif

static void tapped(const Taps *taps, ptrdiff_t count, uint8_t *const *bytes)
{
#if AUGKIT_X86
    if (augkit_path == AVX512) return tapped_avx512(taps, count, bytes);
    if (augkit_path == AVX2) return tapped_avx2(taps, count, bytes);
#endif
    tapped_scalar(taps, count, bytes);
}

static void folded(const Taps *taps, ptrdiff_t apart, ptrdiff_t count, int32_t *to)
{
#if AUGKIT_X86
    if (augkit_path == AVX512) return folded_avx512(taps, apart, count, to);
    if (augkit_path == AVX2) return folded_avx2(taps, apart, count, to);
#endif
    folded_scalar(taps, apart, count, to);
}

static INLINE void in_pairs_body(const uint8_t *from, const uint8_t *others, int32_t *to, ptrdiff_t count, int bits)
{
    for (ptrdiff_t i = 0; i < count; i++) to[i] = (from[i] | others[i] << 16) << bits;
}
AUGKIT_PATHS(void, in_pairs, (const uint8_t *from, const uint8_t *others, int32_t *to, ptrdiff_t count, int bits),
             (from, others, to, count, bits))

/* Pack weights two by two, after `before` zeros, into `count` pairs. */
static void packed(const int32_t *weights, ptrdiff_t length, int before, uint32_t *pairs, ptrdiff_t count)
{
    for (ptrdiff_t pair = 0; pair < count; pair++) {
        ptrdiff_t first = 2 * pair - before, second = first + 1;
        pairs[pair] = paired(first >= 0 && first < length ? weights[first] : 0, second < length ? weights[second] : 0);
    }
}

/* Rows that are being filtered by two, in pairs: rows 2 j and 2 j + 1 are at j modulo `kept`. */
typedef struct {
    const Windows *windows;
    ptrdiff_t kept, capacity, next; /* the first pair that is not there yet */
    uint8_t *bytes;                 /* two padded rows */
    int32_t *wide, *folds, *own;    /* pairs along x of two rows; folded, and as they were */
    Taps along_x;
} Rows;

/* Fold pairs of rows until pair `last` is there. */
static void fold_until(Rows *rows, ptrdiff_t last)
{
    const Windows *windows = rows->windows;
    const ptrdiff_t channels = windows->source.channels, capacity = rows->capacity;
    const ptrdiff_t bottom = windows->source.height + 2 * windows->pad_y - 1;
    for (; rows->next <= last; rows->next++) {
        int32_t *place = rows->folds + rows->next % rows->kept * capacity;
        for (int half = 0; half < 2; half++) {
            ptrdiff_t y = 2 * rows->next + half;
            uint8_t *bytes = rows->bytes + half * capacity;
            augkit_padded_row(windows, y < bottom ? y : bottom, (char *)bytes);
            in_pairs(bytes, bytes + channels, rows->wide + half * capacity, capacity - channels, 0);
        }
        for (int tap = 0; tap < rows->along_x.count; tap++) rows->along_x.from[tap] = rows->wide + 2 * tap * channels;
        folded(&rows->along_x, capacity, windows->full, place);
        if (rows->own) {
            const uint8_t *middle = rows->bytes + windows->width / 2 * channels;
            in_pairs(middle, middle + capacity, rows->own + rows->next % rows->kept * capacity, windows->full,
                     FRACTION + 1);
        }
    }
}

/* Filter by weights along x and y, and half of the value itself times `own`. Return 0 if memory lacks. */
static int filtered_by_two(const Windows *windows, const int32_t *along_x, int shift_x, const int32_t *along_y,
                           int shift_y, int own)
{
    const ptrdiff_t height = windows->height, width = windows->width, rows_out = windows->target.height;
    const ptrdiff_t capacity = windows->wide + windows->source.channels + SPARE, kept = height / 2 + 2;
    const ptrdiff_t pairs_x = width / 2 + 1, pairs_y = height / 2 + 1, most = pairs_x + pairs_y + 2;
    int32_t *numbers = calloc(capacity * (2 + kept * (own ? 2 : 1)), sizeof *numbers);
    uint8_t *bytes = calloc(capacity, 4);
    uint32_t *weights = calloc(3 * most, sizeof *weights), *even = weights + most, *odd = even + most;
    const int32_t **places = malloc(sizeof *places * 2 * most);
    int is_ready = numbers && bytes && weights && places;
    if (is_ready) {
        Rows rows = {windows, kept, capacity, 0, bytes, numbers, numbers + 2 * capacity, NULL,
                     {(int)pairs_x, shift_x, places, {weights, weights}}};
        if (own) rows.own = rows.folds + kept * capacity;
        packed(along_x, width, 0, weights, pairs_x);
        packed(along_y, height, 0, even, pairs_y);
        packed(along_y, height, 1, odd, pairs_y);
        const int is_low = height / 2 % 2 == 0; /* of a window at an even row: the row of its middle */
        even[pairs_y] = is_low ? paired(own, 0) : paired(0, own);
        odd[is_low ? pairs_y : pairs_y + 1] = is_low ? paired(0, own) : paired(own, 0);
        Taps taps = {(int)pairs_y + (own ? 2 : 0), shift_y, places + most, {even, odd}};
        uint8_t *results[2] = {bytes + 2 * capacity, bytes + 3 * capacity};
        for (ptrdiff_t y = 0; y < rows_out; y++) {
            ptrdiff_t top = y * windows->step_y, first = top / 2;
            int is_odd = top % 2, has_two = windows->step_y == 1 && !is_odd && y + 1 < rows_out;
            if (rows.next < first) rows.next = first;
            fold_until(&rows, first + pairs_y);
            for (ptrdiff_t pair = 0; pair < pairs_y; pair++)
                taps.from[pair] = rows.folds + (first + pair) % kept * capacity;
            for (ptrdiff_t pair = 0; pair < 2 && own; pair++)
                taps.from[pairs_y + pair] = rows.own + (first + height / 4 + pair) % kept * capacity;
            taps.weights[0] = is_odd ? odd : even;
            uint8_t *const bytes_of[2] = {results[0], has_two ? results[1] : NULL};
            tapped(&taps, windows->full, bytes_of);
            augkit_strided_row(windows, (const char *)results[0], y);
            if (has_two) augkit_strided_row(windows, (const char *)results[1], ++y);
        }
    }
    free(numbers), free(bytes), free(weights), free(places);
    return is_ready;
}

/* Put taps, rows of (row, column, weight) ordered by row and column, into pairs of neighbours along x, or if
   `is_upright` along y. Return how many; `at` gets the row and column of each. */
static int in_pairs_of(const int32_t *given, ptrdiff_t count, int is_upright, char *is_taken, uint32_t *weights,
                       ptrdiff_t *at)
{
    int pairs = 0;
    memset(is_taken, 0, count);
    for (ptrdiff_t tap = 0; tap < count; tap++) {
        const int32_t *one = given + 3 * tap;
        const int32_t row = one[0] + (is_upright ? 1 : 0), column = one[1] + (is_upright ? 0 : 1);
        if (is_taken[tap]) continue;
        ptrdiff_t other = tap + 1;
        while (other < count && (given[3 * other] < row || (given[3 * other] == row && given[3 * other + 1] < column)))
            other++;
        int has_other = other < count && given[3 * other] == row && given[3 * other + 1] == column;
        if (has_other) is_taken[other] = 1;
        weights[pairs] = paired(one[2], has_other ? given[3 * other + 2] : 0);
        at[2 * pairs] = one[0], at[2 * pairs + 1] = one[1];
        pairs++;
    }
    return pairs;
}

/* Filter by taps. Return 0 if memory lacks. */
static int filtered_by_taps(const Windows *windows, const int32_t *given, ptrdiff_t count, int shift)
{
    const ptrdiff_t height = windows->height, channels = windows->source.channels, capacity = windows->wide + SPARE;
    const ptrdiff_t bottom = windows->source.height + 2 * windows->pad_y - 1;
    int32_t *rows = calloc(capacity * height, sizeof *rows);
    uint8_t *bytes = calloc(3 * capacity + channels, 1), *const results[2] = {bytes, NULL};
    uint32_t *weights = calloc(count + 1, sizeof *weights);
    const int32_t **places = malloc(sizeof *places * (count + 1));
    ptrdiff_t *at = malloc(sizeof *at * 2 * (count + 1));
    char *is_taken = malloc(count + 1);
    int is_ready = rows && bytes && weights && places && at && is_taken;
    if (is_ready) {
        int across = in_pairs_of(given, count, 0, is_taken, weights, at);
        int is_upright = in_pairs_of(given, count, 1, is_taken, weights, at) < across;
        Taps taps = {in_pairs_of(given, count, is_upright, is_taken, weights, at), shift, places, {weights, weights}};
        uint8_t *row = bytes + capacity, *below = row + capacity;
        ptrdiff_t next = 0, brought = -1; /* the first row that is not in pairs, the one whose bytes are in `below` */
        for (ptrdiff_t y = 0; y < windows->target.height; y++) {
            ptrdiff_t top = y * windows->step_y;
            if (next < top) next = top;
            for (; next < top + height; next++) {
                int32_t *to = rows + next % height * capacity;
                if (!is_upright) {
                    augkit_padded_row(windows, next, (char *)row);
                    in_pairs(row, row + channels, to, capacity, 0);
                    continue;
                }
                if (brought != next) augkit_padded_row(windows, next, (char *)below);
                uint8_t *freed = row;
                row = below, below = freed, brought = next + 1;
                augkit_padded_row(windows, brought < bottom ? brought : bottom, (char *)below);
                in_pairs(row, below, to, capacity, 0);
            }
            for (int tap = 0; tap < taps.count; tap++)
                places[tap] = rows + (top + at[2 * tap]) % height * capacity + at[2 * tap + 1] * channels;
            tapped(&taps, windows->full, results);
            augkit_strided_row(windows, (const char *)results[0], y);
        }
    }
    free(rows), free(bytes), free(weights), free(places), free(at), free(is_taken);
    return is_ready;
}

/* filter_by_two(source, target, geometry, fill, along_x, shift_x, along_y, shift_y, own): see filtered_by_two; the
   weights are int32. */
AUGKIT_METHOD(augkit_filter_by_two)
{
    (void)module;
    Windows windows;
    Plane along_x, along_y;
    if (augkit_count("filter_by_two", count, 9) || augkit_windows(arguments, &windows)) return NULL;
    int shift_x = (int)PyLong_AsLong(arguments[5]), shift_y = (int)PyLong_AsLong(arguments[7]);
    int own = (int)PyLong_AsLong(arguments[8]), is_done = 0;
    if (!PyErr_Occurred() && !augkit_numbers(arguments[4], 0, 'i', windows.width, &along_x)) {
        if (!augkit_numbers(arguments[6], 0, 'i', windows.height, &along_y)) {
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
