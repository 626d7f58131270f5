/* Words and numbers of keyed streams, one by one and in arrays; see philox.h. */

#include "philox.h"
#include "planes.h"

enum { STREAM = 40 };

static uint64_t word_of(const unsigned char *bytes)
{
    uint64_t word = 0;
    for (int place = 7; place >= 0; place--) word = word << 8 | bytes[place];
    return word;
}

int augkit_stream(PyObject *given, Stream *stream)
{
    char *bytes;
    Py_ssize_t length;
    if (PyBytes_AsStringAndSize(given, &bytes, &length)) return -1;
    if (length != STREAM) {
        PyErr_SetString(PyExc_ValueError, "philox: a stream must be 40 bytes");
        return -1;
    }
    const unsigned char *from = (const unsigned char *)bytes;
    for (int place = 0; place < 2; place++) stream->key[place] = word_of(from + 8 * place);
    for (int place = 0; place < 3; place++) stream->counter[place] = word_of(from + 16 + 8 * place);
    return 0;
}

/* Read the word that a stream and a place, from 0 on, name. Return 0, or -1 with an exception. */
static int read_word(PyObject *const *arguments, Py_ssize_t count, uint64_t *word)
{
    Stream stream;
    uint64_t words[BLOCK];
    if (augkit_count("a word of a stream", count, 2) || augkit_stream(arguments[0], &stream)) return -1;
    uint64_t place = PyLong_AsUnsignedLongLong(arguments[1]);
    if (place == (uint64_t)-1 && PyErr_Occurred()) return -1;
    philox_block(&stream, place / BLOCK, words);
    *word = words[place % BLOCK];
    return 0;
}

/* philox_word(stream, place): return the word at a place. */
AUGKIT_METHOD(augkit_philox_word)
{
    (void)module;
    uint64_t word;
    return read_word(arguments, count, &word) ? NULL : PyLong_FromUnsignedLongLong(word);
}

/* philox_unit(stream, place): return the number of [0, 1) that is made of it. */
AUGKIT_METHOD(augkit_philox_unit)
{
    (void)module;
    uint64_t word;
    return read_word(arguments, count, &word) ? NULL : PyFloat_FromDouble(philox_unit(word));
}

/* philox_units(stream, place, target): fill an array of float64 with numbers of [0, 1), made of the words from a place
   on that is a multiple of four. */
AUGKIT_METHOD(augkit_philox_units)
{
    (void)module;
    Stream stream;
    Plane target;
    if (augkit_count("philox_units", count, 3) || augkit_stream(arguments[0], &stream)) return NULL;
    uint64_t block = PyLong_AsUnsignedLongLong(arguments[1]) / BLOCK;
    if (PyErr_Occurred() || augkit_numbers(arguments[2], 1, 'd', 0, &target)) return NULL;
    double *to = (double *)target.data;
    Py_BEGIN_ALLOW_THREADS
    for (ptrdiff_t rest = target.width; rest > 0; rest -= BLOCK, to += BLOCK, block++) {
        uint64_t words[BLOCK];
        philox_block(&stream, block, words);
        for (int lane = 0; lane < BLOCK && lane < rest; lane++) to[lane] = philox_unit(words[lane]);
    }
    Py_END_ALLOW_THREADS
    augkit_release(&target);
    Py_RETURN_NONE;
}
