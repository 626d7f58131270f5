/* Philox 4x64-10: the words of a keyed stream, each a function of the stream and its place alone.

   A stream is 40 bytes: the key's two words, then the upper three words of the counter, all little-endian. The lowest
   word of the counter counts the blocks of four words from 1 on, as NumPy's generator does. `augkit.core.key` holds the
   twins, and says what is made of the words.

   Reference: Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011. */

#ifndef AUGKIT_PHILOX_H
#define AUGKIT_PHILOX_H

#include "methods.h"
#include "dispatch.h"

enum { BLOCK = 4, ROUNDS = 10 }; /* words at once, and what is done to them */

__extension__ typedef unsigned __int128 uint128;

typedef struct {
    uint64_t key[2], counter[3];
} Stream;

/* Read the 40 bytes of a stream. Return 0, or -1 with an exception. */
int augkit_stream(PyObject *given, Stream *stream);

/* Write the four words of block number `block`, from 0 on. */
static INLINE void philox_block(const Stream *stream, uint64_t block, uint64_t words[BLOCK])
{
    uint64_t a = block + 1, b = stream->counter[0], c = stream->counter[1], d = stream->counter[2];
    uint64_t key = stream->key[0], other = stream->key[1];
    for (int round = 0; round < ROUNDS; round++) {
        uint128 first = (uint128)0xD2E7470EE14C6C93u * a, second = (uint128)0xCA5A826395121157u * c;
        a = (uint64_t)(second >> 64) ^ b ^ key;
        b = (uint64_t)second;
        c = (uint64_t)(first >> 64) ^ d ^ other;
        d = (uint64_t)first;
        key += 0x9E3779B97F4A7C15u;
        other += 0xBB67AE8584CAA73Bu;
    }
    words[0] = a, words[1] = b, words[2] = c, words[3] = d;
}

/* Return 53 bits of a word as a number of [0, 1). */
static INLINE double philox_unit(uint64_t word) { return (double)(int64_t)(word >> 11) * (1.0 / 9007199254740992.0); }

#endif
