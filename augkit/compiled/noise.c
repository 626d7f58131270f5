/* Noise: every value, or every pixel, of a picture disturbed by its own piece of a keyed stream's words.

   A value of place i, counted over rows, pixels and channels, takes the i-th 16 bits of the words (the lowest of a word
   come first), or where a uniform number is needed the i-th 32 bits. Normal numbers are looked up in a table of the
   upper half of the distribution, fractions of 2 ** 12; the lowest bit is their sign. augkit/executors/kernels/
   noise_pieces.py holds the table and says what is made of the pieces; executors/native/noise_added.py has the twins. */

#include "dispatch.h"
#include "philox.h"
#include "planes.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 4096, QUANTILES = 32768, SCALE = 4096, MOST = 80 };

static const double WHOLE = 4503599627370496.0; /* 2 ** 52: added and subtracted, it rounds halves to even */
static const double FEW = 16.0;                 /* photons: below it the distribution function is inverted */

/* Round to nearest, halves to even ones, as `augkit.core.tonal` does: noise in the last digits is no reason. */
static INLINE double nearest(double value)
{
    double digits = (value * 1e6 + WHOLE) - WHOLE;
    return (digits / 1e6 + WHOLE) - WHOLE;
}

/* Write `count` bytes, at most those of a chunk, of a stream from `block` on. */
static INLINE void pieces_body(const Stream *stream, uint64_t block, ptrdiff_t count, char *to)
{
    for (ptrdiff_t at = 0; at < count; at += BLOCK * 8, block++) {
        uint64_t words[BLOCK];
        philox_block(stream, block, words);
        memcpy(to + at, words, sizeof words);
    }
}
AUGKIT_PATHS(void, pieces, (const Stream *stream, uint64_t block, ptrdiff_t count, char *to),
             (stream, block, count, to))

static INLINE void normal_body(const uint16_t *from, ptrdiff_t count, const int16_t *quantiles, int16_t *to)
{
    for (ptrdiff_t i = 0; i < count; i++) to[i] = quantiles[from[i] >> 1];
    for (ptrdiff_t i = 0; i < count; i++) to[i] = from[i] & 1 ? (int16_t)-to[i] : to[i];
}
AUGKIT_PATHS(void, normal, (const uint16_t *from, ptrdiff_t count, const int16_t *quantiles, int16_t *to),
             (from, count, quantiles, to))

static INLINE void brightened_body(const uint8_t *from, const int16_t *z, ptrdiff_t count, int factor, int shift,
                                   uint8_t *to)
{
    for (ptrdiff_t i = 0; i < count; i++) {
        int32_t value = ((from[i] << shift) + z[i] * factor + (1 << shift) / 2) >> shift;
        to[i] = (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
    }
}
AUGKIT_PATHS(void, brightened,
             (const uint8_t *from, const int16_t *z, ptrdiff_t count, int factor, int shift, uint8_t *to),
             (from, z, count, factor, shift, to))

static INLINE void raised_body(const void *from, const int16_t *z, ptrdiff_t count, char kind, double factor, void *to)
{
    for (ptrdiff_t i = 0; i < count; i++) {
        if (kind == 'f') {
            double value = (double)((const float *)from)[i] + (double)z[i] * factor;
            ((float *)to)[i] = (float)(value < 0.0 ? 0.0 : value > 1.0 ? 1.0 : value);
        } else {
            double value = (double)((const uint16_t *)from)[i] + (double)z[i] * factor;
            value = value < 0.0 ? 0.0 : value > 65535.0 ? 65535.0 : value;
            ((uint16_t *)to)[i] = (uint16_t)(int)((value + WHOLE) - WHOLE);
        }
    }
}
AUGKIT_PATHS(void, raised, (const void *from, const int16_t *z, ptrdiff_t count, char kind, double factor, void *to),
             (from, z, count, kind, factor, to))

/* Return exp(-mean) for a mean of 0 to FEW: a polynomial of a 256th of it, squared eight times. */
static double no_photon(double mean)
{
    double part = mean * -0.00390625, sum = 1.0 + part / 10.0;
    for (int term = 9; term > 0; term--) sum = 1.0 + sum * part / (double)term;
    for (int squaring = 0; squaring < 8; squaring++) sum = sum * sum;
    return sum;
}

/* Write the distribution function of a mean, from no photon on, until no piece reaches it. */
static void distribution(double mean, double *reached)
{
    double chance = no_photon(mean), sum = chance;
    for (int photons = 0; photons < MOST; photons++) {
        reached[photons] = sum;
        if (sum > 0.9999999999) return; /* pieces stop at 1 - 2 ** -32 */
        chance = chance * mean / (double)(photons + 1);
        sum = sum + chance;
    }
    reached[MOST - 1] = 2.0;
}

static INLINE int count_of(const double *reached, uint32_t piece)
{
    double u = (double)piece * (1.0 / 4294967296.0);
    int photons = 0;
    while (u >= reached[photons]) photons++;
    return photons;
}

/* Return the photons of a mean of at least FEW: the normal distribution, with Cornish and Fisher's first correction. */
static INLINE double many_of(double mean, double root, int16_t quantile)
{
    double z = (double)quantile * (1.0 / SCALE), value = mean + root * z + (z * z - 1.0) / 6.0;
    return value < 0.0 ? 0.0 : (value + WHOLE) - WHOLE;
}

static int16_t quantile_of(uint32_t piece, const int16_t *quantiles)
{
    int16_t found = quantiles[piece >> 17];
    return piece >> 16 & 1 ? (int16_t)-found : found;
}

/* Count the photons of a chunk; `photons` white ones, each of which makes a value of `level`. */
static void counted(const void *from, ptrdiff_t count, char kind, const uint32_t *piece, const int16_t *quantiles,
                    double photons, double level, void *to)
{
    const double top = kind == 'f' ? 1.0 : 65535.0;
    double reached[MOST];
    for (ptrdiff_t i = 0; i < count; i++) {
        double value = kind == 'f' ? (double)((const float *)from)[i] : (double)((const uint16_t *)from)[i];
        double mean = value * photons, found = 0.0;
        if (mean >= FEW) found = many_of(mean, sqrt(mean), quantile_of(piece[i], quantiles));
        else if (mean > 0.0) {
            distribution(mean, reached);
            found = count_of(reached, piece[i]);
        }
        found = found * level;
        found = found > top ? top : found;
        if (kind == 'f') ((float *)to)[i] = (float)found;
        else ((uint16_t *)to)[i] = (uint16_t)(int)nearest(found);
    }
}

typedef struct {
    double mean[256], root[256], reached[256][MOST];
    uint8_t levels[MOST]; /* that so many photons make */
} Photons;

static void photons_of(double photons, double level, Photons *known)
{
    for (int value = 0; value < 256; value++) {
        known->mean[value] = value * photons;
        known->root[value] = sqrt(known->mean[value]);
        if (known->mean[value] < FEW) distribution(known->mean[value], known->reached[value]);
    }
    for (int count = 0; count < MOST; count++) {
        double found = count * level > 255.0 ? 255.0 : count * level;
        known->levels[count] = (uint8_t)(int)nearest(found);
    }
}

static void counted_bytes(const uint8_t *from, ptrdiff_t count, const uint32_t *piece, const int16_t *quantiles,
                          const Photons *known, double level, uint8_t *to)
{
    for (ptrdiff_t i = 0; i < count; i++) {
        double mean = known->mean[from[i]];
        if (mean < FEW) {
            to[i] = known->levels[count_of(known->reached[from[i]], piece[i])];
            continue;
        }
        double found = many_of(mean, known->root[from[i]], quantile_of(piece[i], quantiles)) * level;
        found = found > 255.0 ? 255.0 : found;
        to[i] = (uint8_t)(int)nearest(found);
    }
}

/* Read source, target and stream, of one size and kind. Return 0, or -1 with an exception. */
static int read_noise(PyObject *const *arguments, Plane *source, Plane *target, Stream *stream)
{
    if (augkit_stream(arguments[2], stream) || augkit_numbers(arguments[0], 0, '\0', 0, source)) return -1;
    if (!augkit_numbers(arguments[1], 1, source->kind, source->width, target)) {
        if (strchr("BHf", source->kind)) return 0;
        PyErr_SetString(PyExc_ValueError, "noise: must be uint8, uint16 or float32");
        augkit_release(target);
    }
    augkit_release(source);
    return -1;
}

/* add_normal(source, target, stream, quantiles, factor, whole, shift): add normal numbers times a factor in levels, for
   8 bits `whole` / 2 ** `shift` of them. */
AUGKIT_METHOD(augkit_add_normal)
{
    (void)module;
    Plane source, target, quantiles;
    Stream stream;
    if (augkit_count("add_normal", count, 7)) return NULL;
    double factor = PyFloat_AsDouble(arguments[4]) / SCALE;
    int whole = (int)PyLong_AsLong(arguments[5]), shift = (int)PyLong_AsLong(arguments[6]);
    if (PyErr_Occurred() || augkit_numbers(arguments[3], 0, 'h', QUANTILES, &quantiles)) return NULL;
    if (read_noise(arguments, &source, &target, &stream)) {
        augkit_release(&quantiles);
        return NULL;
    }
    Py_BEGIN_ALLOW_THREADS
    uint16_t words[CHUNK];
    int16_t z[CHUNK];
    for (ptrdiff_t start = 0; start < source.width; start += CHUNK) {
        ptrdiff_t rest = source.width - start, length = rest < CHUNK ? rest : CHUNK;
        const char *from = source.data + start * source.item;
        char *to = target.data + start * source.item;
        pieces(&stream, (uint64_t)start / 16, 2 * length, (char *)words);
        normal(words, length, (const int16_t *)quantiles.data, z);
        if (source.kind == 'B') brightened((const uint8_t *)from, z, length, whole, shift, (uint8_t *)to);
        else raised(from, z, length, source.kind, factor, to);
    }
    Py_END_ALLOW_THREADS
    augkit_release(&source);
    augkit_release(&target);
    augkit_release(&quantiles);
    Py_RETURN_NONE;
}

/* count_photons(source, target, stream, quantiles, photons, level): photons a level, levels a photon. */
AUGKIT_METHOD(augkit_count_photons)
{
    (void)module;
    Plane source, target, quantiles;
    Stream stream;
    if (augkit_count("count_photons", count, 6)) return NULL;
    double photons = PyFloat_AsDouble(arguments[4]), level = PyFloat_AsDouble(arguments[5]);
    if (PyErr_Occurred() || augkit_numbers(arguments[3], 0, 'h', QUANTILES, &quantiles)) return NULL;
    if (read_noise(arguments, &source, &target, &stream)) {
        augkit_release(&quantiles);
        return NULL;
    }
    Photons *known = malloc(sizeof *known);
    if (known) {
        Py_BEGIN_ALLOW_THREADS
        const int16_t *table = (const int16_t *)quantiles.data;
        uint32_t words[CHUNK];
        photons_of(photons, level, known);
        for (ptrdiff_t start = 0; start < source.width; start += CHUNK) {
            ptrdiff_t rest = source.width - start, length = rest < CHUNK ? rest : CHUNK;
            const char *from = source.data + start * source.item;
            char *to = target.data + start * source.item;
            pieces(&stream, (uint64_t)start / 8, 4 * length, (char *)words);
            if (source.kind == 'B')
                counted_bytes((const uint8_t *)from, length, words, table, known, level, (uint8_t *)to);
            else counted(from, length, source.kind, words, table, photons, level, to);
        }
        Py_END_ALLOW_THREADS
    }
    augkit_release(&source);
    augkit_release(&target);
    augkit_release(&quantiles);
    if (!known) return PyErr_NoMemory();
    free(known);
    Py_RETURN_NONE;
}

/* salt(source, target, stream, channels, share): make the pixels whose piece is below `share` black, and those as near
   to the other end white. */
AUGKIT_METHOD(augkit_salt)
{
    (void)module;
    Plane source, target;
    Stream stream;
    if (augkit_count("salt", count, 5)) return NULL;
    ptrdiff_t channels = PyLong_AsSsize_t(arguments[3]);
    uint64_t share = PyLong_AsUnsignedLongLong(arguments[4]);
    if (PyErr_Occurred()) return NULL;
    if (channels < 1 || share > (uint64_t)1 << 31) {
        PyErr_SetString(PyExc_ValueError, "salt: there must be channels, and a share of at most a half");
        return NULL;
    }
    if (read_noise(arguments, &source, &target, &stream)) return NULL;
    Py_BEGIN_ALLOW_THREADS
    const ptrdiff_t pixel = channels * source.item, pixels = source.width / channels;
    const float white = 1.0f;
    uint32_t words[CHUNK];
    memcpy(target.data, source.data, source.width * source.item);
    for (ptrdiff_t start = 0; start < pixels; start += CHUNK) {
        ptrdiff_t rest = pixels - start, length = rest < CHUNK ? rest : CHUNK;
        char *to = target.data + start * pixel;
        pieces(&stream, (uint64_t)start / 8, 4 * length, (char *)words);
        for (ptrdiff_t i = 0; i < length; i++, to += pixel) {
            if (words[i] < share) memset(to, 0, pixel);
            else if ((uint64_t)UINT32_MAX - words[i] < share) {
                if (source.kind != 'f') memset(to, 255, pixel);
                for (ptrdiff_t at = 0; at < pixel && source.kind == 'f'; at += 4) memcpy(to + at, &white, 4);
            }
        }
    }
    Py_END_ALLOW_THREADS
    augkit_release(&source);
    augkit_release(&target);
    Py_RETURN_NONE;
}

/* Write a number from 0 to 1 a value, one of 65,536, in the units of `kind`. */
static INLINE void as_levels_body(const uint16_t *from, ptrdiff_t count, char kind, char *to)
{
    if (kind == 'B')
        for (ptrdiff_t i = 0; i < count; i++)
            ((uint8_t *)to)[i] = (uint8_t)(((2 * (uint32_t)from[i] + 1) * 255 + 65536) >> 17);
    else if (kind == 'H') memcpy(to, from, 2 * count);
    else
        for (ptrdiff_t i = 0; i < count; i++) ((float *)to)[i] = ((float)from[i] + 0.5f) * (1.0f / 65536.0f);
}
AUGKIT_PATHS(void, as_levels, (const uint16_t *from, ptrdiff_t count, char kind, char *to), (from, count, kind, to))

/* grain(target, stream, rectangles): paint rectangles, int64 (n, 4) of left, top, right and bottom, with uniform numbers,
   each value's own piece. */
AUGKIT_METHOD(augkit_grain)
{
    (void)module;
    Plane target, rectangles;
    Stream stream;
    if (augkit_count("grain", count, 3) || augkit_stream(arguments[1], &stream)) return NULL;
    if (augkit_plane(arguments[0], 1, &target)) return NULL;
    if (augkit_numbers(arguments[2], 0, 'q', 0, &rectangles)) {
        augkit_release(&target);
        return NULL;
    }
    Py_BEGIN_ALLOW_THREADS
    enum { PER_BLOCK = 16 };
    uint16_t words[CHUNK + 2 * PER_BLOCK];
    const int64_t *given = (const int64_t *)rectangles.data;
    const ptrdiff_t row = target.width * target.channels;
    for (ptrdiff_t at = 0; at + 3 < rectangles.width; at += 4) {
        ptrdiff_t left = given[at] < 0 ? 0 : given[at], top = given[at + 1] < 0 ? 0 : given[at + 1];
        ptrdiff_t right = given[at + 2] > target.width ? target.width : given[at + 2];
        ptrdiff_t bottom = given[at + 3] > target.height ? target.height : given[at + 3];
        for (ptrdiff_t y = top; y < bottom; y++)
            for (ptrdiff_t i = left * target.channels; i < right * target.channels;) {
                ptrdiff_t place = y * row + i, skipped = place % PER_BLOCK, rest = right * target.channels - i;
                ptrdiff_t length = rest < CHUNK ? rest : CHUNK;
                pieces(&stream, (uint64_t)(place / PER_BLOCK), 2 * (skipped + length), (char *)words);
                as_levels(words + skipped, length, target.kind, target.data + y * target.row + i * target.item);
                i += length;
            }
    }
    Py_END_ALLOW_THREADS
    augkit_release(&target);
    augkit_release(&rectangles);
    Py_RETURN_NONE;
}
