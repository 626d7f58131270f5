/* Paths: one kernel compiled for several instruction sets, and the choice among them.

   A kernel is written once, as an inline function called after it with `_body` behind. AUGKIT_PATHS makes a version of
   it for every path of this processor's family, and a function of the kernel's own name that calls the chosen one:

       static INLINE void doubled_body(uint8_t *values, ptrdiff_t count) { ... }
       AUGKIT_PATHS(void, doubled, (uint8_t *values, ptrdiff_t count), (values, count))

   Where the compiler's own vectors are not good enough, a path has a function of its own, under its TARGET_ and in
   #if AUGKIT_X86 or AUGKIT_ARM; the law is the same: every path gives the same bytes. */

#ifndef AUGKIT_DISPATCH_H
#define AUGKIT_DISPATCH_H

#include <stddef.h>
#include <stdint.h>

enum Path { SCALAR, AVX2, AVX512, NEON, PATH_COUNT };

extern enum Path augkit_path; /* the path that kernels take now: see module.c */

enum { LINE_BYTES = 64 }; /* of a cache */

#define INLINE inline __attribute__((always_inline))

#if defined(__x86_64__)
#define AUGKIT_X86 1
#include <immintrin.h>
#define TARGET_AVX2 __attribute__((target("avx2,bmi,bmi2,lzcnt,popcnt")))
#if defined(__clang__)
#define WHOLE_VECTORS "" /* Clang has it as an option of a whole file alone */
#else
#define WHOLE_VECTORS ",prefer-vector-width=512" /* also where the compiler makes them */
#endif
#define TARGET_AVX512 \
    __attribute__((target("avx2,bmi,bmi2,lzcnt,popcnt,avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx512vbmi,avx512vnni" \
                          WHOLE_VECTORS)))
#define AUGKIT_PATHS(result, name, parameters, arguments)                        \
    static result name##_scalar parameters { return name##_body arguments; }     \
    TARGET_AVX2 static result name##_avx2 parameters { return name##_body arguments; } \
    TARGET_AVX512 static result name##_avx512 parameters { return name##_body arguments; } \
    static result name parameters                                                \
    {                                                                            \
        if (augkit_path == AVX512) return name##_avx512 arguments;               \
        if (augkit_path == AVX2) return name##_avx2 arguments;                   \
        return name##_scalar arguments;                                          \
    }
#else
#define AUGKIT_PATHS(result, name, parameters, arguments) \
    static result name parameters { return name##_body arguments; }
#endif

#if defined(__aarch64__)
#define AUGKIT_ARM 1
#include <arm_neon.h>
#endif

#endif
