/* Statistics of pictures: how often levels occur, the least and the most, sums of colours and of their products. */

#include "dispatch.h"
#include "planes.h"
#include <string.h>

#define LEVELS 256
#define DEEP_LEVELS 65536
#define MAX_CHANNELS 4 /* that are counted in several tables */
#define TURNS 4 /* neighbours often have one level, and a count that was just written is slow to read again */
#define CHUNK 65536 /* pixels whose products of bytes add up to less than 2**32 */
#define SUMS 9
#define MAX_PIECE 768 /* numbers whose extremes are found side by side */

static void count_bytes(const Plane *image, int64_t *counts)
{
    static const ptrdiff_t PIXELS_AT_ONCE = 1 << 30;
    ptrdiff_t channels = image->channels;
    uint32_t found[TURNS][MAX_CHANNELS * LEVELS] = {{0}};
    ptrdiff_t seen = 0;
    for (ptrdiff_t y = 0; y < image->height; y++) {
        const uint8_t *row = (const uint8_t *)image->data + y * image->row;
        if (channels == 3)
            for (ptrdiff_t x = 0; x < image->width; x++, row += 3) {
                uint32_t *table = found[x % TURNS];
                table[row[0]]++, table[LEVELS + row[1]]++, table[2 * LEVELS + row[2]]++;
            }
        else
            for (ptrdiff_t x = 0; x < image->width; x++, row += channels)
                for (ptrdiff_t c = 0; c < channels; c++) found[x % TURNS][c * LEVELS + row[c]]++;
        seen += image->width;
        if (seen < PIXELS_AT_ONCE && y < image->height - 1) continue;
        for (ptrdiff_t i = 0; i < channels * LEVELS; i++)
            for (int turn = 0; turn < TURNS; turn++) counts[i] += found[turn][i];
        memset(found, 0, sizeof found);
        seen = 0;
    }
}

static void count_levels(const Plane *image, int64_t *counts)
{
    for (ptrdiff_t y = 0; y < image->height; y++) {
        const char *row = image->data + y * image->row;
        for (ptrdiff_t x = 0, i = 0; x < image->width; x++)
            for (ptrdiff_t c = 0; c < image->channels; c++, i++) {
                if (image->kind == 'B') counts[c * LEVELS + ((const uint8_t *)row)[i]]++;
                else counts[c * DEEP_LEVELS + ((const uint16_t *)row)[i]]++;
            }
    }
}

/* histogram(image, counts): write how often every level of uint8 or uint16 occurs in each channel, int64. */
AUGKIT_METHOD(augkit_histogram)
{
    (void)module;
    Plane image, counts;
    if (augkit_count("histogram", count, 2) || augkit_plane(arguments[0], 0, &image)) return NULL;
    ptrdiff_t size = image.channels * (image.kind == 'B' ? LEVELS : DEEP_LEVELS);
    if (augkit_numbers(arguments[1], 1, 'q', size, &counts)) {
        augkit_release(&image);
        return NULL;
    }
    int fits = image.kind == 'B' || image.kind == 'H';
    if (fits) {
        Py_BEGIN_ALLOW_THREADS
        memset(counts.data, 0, (size_t)size * sizeof(int64_t));
        if (image.kind == 'B' && image.channels <= MAX_CHANNELS) count_bytes(&image, (int64_t *)counts.data);
        else count_levels(&image, (int64_t *)counts.data);
        Py_END_ALLOW_THREADS
    }
    augkit_release(&image);
    augkit_release(&counts);
    if (fits) Py_RETURN_NONE;
    PyErr_SetString(PyExc_ValueError, "histogram: must be of uint8 or uint16");
    return NULL;
}

/* The least and the most of each place of a piece, over all pieces of a row; what is left over comes last. A piece holds
   whole pixels, so that each of its places is of one channel. */
#define EXTREMES(name, number)                                                                                \
    static INLINE void name##_body(const number *row, ptrdiff_t count, ptrdiff_t piece, number *low, number *high) \
    {                                                                                                         \
        for (ptrdiff_t start = 0; start < count; start += piece, row += piece) {                              \
            ptrdiff_t size = count - start < piece ? count - start : piece;                                   \
            for (ptrdiff_t i = 0; i < size; i++) {                                                            \
                low[i] = row[i] < low[i] ? row[i] : low[i];                                                   \
                high[i] = row[i] > high[i] ? row[i] : high[i];                                                \
            }                                                                                                 \
        }                                                                                                     \
    }                                                                                                         \
    AUGKIT_PATHS(void, name, (const number *row, ptrdiff_t count, ptrdiff_t piece, number *low, number *high), \
                 (row, count, piece, low, high))                                                              \
    static void all_##name(const Plane *image, int64_t *found)                                                \
    {                                                                                                         \
        number low[MAX_PIECE], high[MAX_PIECE] = {0};                                                         \
        ptrdiff_t channels = image->channels, piece = MAX_PIECE - MAX_PIECE % channels;                       \
        memset(low, 0xff, sizeof low);                                                                        \
        for (ptrdiff_t y = 0; y < image->height; y++)                                                         \
            name((const number *)(image->data + y * image->row), image->width * channels, piece, low, high);  \
        for (ptrdiff_t c = 0; c < channels; c++) {                                                            \
            number least = low[c], most = high[c];                                                            \
            for (ptrdiff_t i = c; i < piece; i += channels) {                                                 \
                least = low[i] < least ? low[i] : least;                                                      \
                most = high[i] > most ? high[i] : most;                                                       \
            }                                                                                                 \
            found[2 * c] = least, found[2 * c + 1] = most;                                                    \
        }                                                                                                     \
    }

EXTREMES(byte_extremes, uint8_t)
EXTREMES(word_extremes, uint16_t)

/* extremes(image, found): write the least and the most level of each channel of uint8 or uint16, int64. */
AUGKIT_METHOD(augkit_extremes)
{
    (void)module;
    Plane image, found;
    if (augkit_count("extremes", count, 2) || augkit_plane(arguments[0], 0, &image)) return NULL;
    if (augkit_numbers(arguments[1], 1, 'q', 2 * image.channels, &found)) {
        augkit_release(&image);
        return NULL;
    }
    int fits = (image.kind == 'B' || image.kind == 'H') && image.channels <= MAX_PIECE;
    if (fits) {
        Py_BEGIN_ALLOW_THREADS
        if (image.kind == 'B') all_byte_extremes(&image, (int64_t *)found.data);
        else all_word_extremes(&image, (int64_t *)found.data);
        Py_END_ALLOW_THREADS
    }
    augkit_release(&image);
    augkit_release(&found);
    if (fits) Py_RETURN_NONE;
    PyErr_SetString(PyExc_ValueError, "extremes: must be of uint8 or uint16 and at most 768 channels");
    return NULL;
}

#define ADD_UP(number, sum)                                                                             \
    for (ptrdiff_t x = 0; x < width; x += CHUNK) {                                                      \
        ptrdiff_t end = width - x < CHUNK ? width : x + CHUNK;                                          \
        sum s[SUMS] = {0};                                                                              \
        for (ptrdiff_t i = x; i < end; i++) {                                                           \
            sum r = ((const number *)row)[3 * i], g = ((const number *)row)[3 * i + 1],                 \
                b = ((const number *)row)[3 * i + 2];                                                   \
            s[0] += r, s[1] += g, s[2] += b;                                                            \
            s[3] += r * r, s[4] += r * g, s[5] += r * b, s[6] += g * g, s[7] += g * b, s[8] += b * b;   \
        }                                                                                               \
        for (int k = 0; k < SUMS; k++) sums[k] += (int64_t)s[k];                                        \
    }

/* moments(image, sums): write the sums of R, G, B, RR, RG, RB, GG, GB and BB of a picture of uint8 or uint16, int64. */
AUGKIT_METHOD(augkit_moments)
{
    (void)module;
    Plane image, target;
    if (augkit_count("moments", count, 2) || augkit_plane(arguments[0], 0, &image)) return NULL;
    if (augkit_numbers(arguments[1], 1, 'q', SUMS, &target)) {
        augkit_release(&image);
        return NULL;
    }
    int fits = image.channels == 3 && (image.kind == 'B' || image.kind == 'H');
    if (fits) {
        int64_t sums[SUMS] = {0};
        ptrdiff_t width = image.width;
        Py_BEGIN_ALLOW_THREADS
        for (ptrdiff_t y = 0; y < image.height; y++) {
            const char *row = image.data + y * image.row;
            if (image.kind == 'B') ADD_UP(uint8_t, uint32_t)
            else ADD_UP(uint16_t, uint64_t)
        }
        Py_END_ALLOW_THREADS
        memcpy(target.data, sums, sizeof sums);
    }
    augkit_release(&image);
    augkit_release(&target);
    if (fits) Py_RETURN_NONE;
    PyErr_SetString(PyExc_ValueError, "moments: must be RGB of uint8 or uint16");
    return NULL;
}
