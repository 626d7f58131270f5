/* Calls to the file system that fail, wait or come up short for a while: loaded before the C library (LD_PRELOAD).
 *
 * The schedule lies in a file that all processes map, named by AUGKIT_FAULTS; `file_calls.py` writes it, and has the
 * same layout. A call belongs to the place with the longest prefix of its path, or of the path its descriptor was
 * opened by, and is of one kind. A rule that names both strikes from its `after`-th call on, for some time or for some
 * calls. Everything else is passed on untouched.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { PLACES = 8, RULES = 16, KINDS = 16, PREFIX = 512, DESCRIPTORS = 1 << 16 };
enum kind { OPEN, READ, WRITE, SYNC, RENAME, UNLINK, MKDIR, STAT, LIST, LOCK, MMAP, CLOSE, LINK, CHMOD, TRUNCATE, ACCESS };
enum effect { FAIL = 1, SLOW, BLOCK, SHORT, KILL };

struct rule {
    int64_t places, kinds; /* bits */
    int64_t after;         /* matching calls that pass first */
    int64_t lasting;       /* nanoseconds from then on; 0: by calls alone */
    int64_t count;         /* calls; 0: by time alone */
    int64_t every;         /* only each n-th of them */
    int64_t effect, value; /* an errno, nanoseconds or bytes */
    _Atomic int64_t seen, struck, began;
};

struct schedule {
    _Atomic int64_t on;
    _Atomic int64_t rules;
    struct rule rule[RULES];
    char prefix[PLACES][PREFIX];
    _Atomic int64_t calls[PLACES][KINDS];
};

static struct schedule *plan;
static unsigned char place_of[DESCRIPTORS]; /* and one more, so that 0 is nowhere */

#define REAL(name) \
    static __typeof__(name) *real; \
    if (!real) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("AUGKIT_FAULTS");
    if (!path) return;
    int file = open(path, O_RDWR | O_CLOEXEC);
    if (file < 0) return;
    void *found = mmap(NULL, sizeof *plan, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (found != MAP_FAILED) plan = found;
}

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static void rest(int64_t nanoseconds) {
    struct timespec time = {nanoseconds / 1000000000, nanoseconds % 1000000000};
    while (nanosleep(&time, &time) && errno == EINTR) { }
}

static int place_at(const char *path) {
    char whole[4096];
    if (!plan || !path) return -1;
    if (path[0] != '/') {
        if (!getcwd(whole, sizeof whole)) return -1;
        size_t length = strlen(whole);
        if (length + strlen(path) + 2 > sizeof whole) return -1;
        whole[length] = '/';
        strcpy(whole + length + 1, path);
        path = whole;
    }
    int found = -1;
    size_t longest = 0;
    for (int place = 0; place < PLACES; place++) {
        size_t length = strlen(plan->prefix[place]);
        if (length > longest && !strncmp(path, plan->prefix[place], length) && (path[length] == '/' || !path[length]))
            found = place, longest = length;
    }
    return found;
}

static int place_by(int descriptor) {
    return descriptor >= 0 && descriptor < DESCRIPTORS ? place_of[descriptor] - 1 : -1;
}

static int place_below(int folder, const char *path) {
    return !path || !*path ? place_by(folder) : folder == AT_FDCWD || path[0] == '/' ? place_at(path) : place_by(folder);
}

static int opened(int descriptor, int place) {
    if (descriptor >= 0 && descriptor < DESCRIPTORS) place_of[descriptor] = (unsigned char)(place + 1);
    return descriptor;
}

/* Return the rule that strikes a call, once it has waited as the rule may want. */
static struct rule *struck(int place, enum kind kind) {
    if (!plan || place < 0 || !plan->on) return NULL;
    plan->calls[place][kind]++;
    for (int64_t number = 0; number < plan->rules; number++) {
        struct rule *rule = &plan->rule[number];
        if (!(rule->places >> place & 1) || !(rule->kinds >> kind & 1)) continue;
        int64_t seen = rule->seen++;
        if (seen < rule->after) continue;
        int64_t time = now(), never = 0;
        atomic_compare_exchange_strong(&rule->began, &never, time);
        int64_t left = rule->began + rule->lasting - time;
        if ((rule->lasting && left <= 0) || (rule->every > 1 && (seen - rule->after) % rule->every)) continue;
        if (rule->struck++ >= rule->count && rule->count) continue;
        if (rule->effect == KILL) kill(getpid(), SIGKILL);
        if (rule->effect == SLOW) rest(rule->value);
        if (rule->effect == BLOCK) rest(left > 0 ? left : rule->value);
        if (rule->effect == FAIL || rule->effect == SHORT) return rule;
    }
    return NULL;
}

static int fails(int place, enum kind kind) {
    int before = errno;
    struct rule *rule = struck(place, kind);
    errno = rule && rule->effect == FAIL ? (int)rule->value : before;
    return rule && rule->effect == FAIL;
}

/* Return how many bytes may be moved, or -1 of a call that fails. */
static ssize_t allowed(int descriptor, enum kind kind, size_t size) {
    int before = errno;
    struct rule *rule = struck(place_by(descriptor), kind);
    errno = before;
    if (!rule) return (ssize_t)size;
    if (rule->effect == SHORT) return (ssize_t)(size < (size_t)rule->value ? size : (size_t)rule->value);
    errno = (int)rule->value;
    return -1;
}

#define MODE_OF(flags) \
    mode_t mode = 0; \
    if ((flags) & (O_CREAT | O_TMPFILE)) { \
        va_list rest_of; \
        va_start(rest_of, flags); \
        mode = va_arg(rest_of, mode_t); \
        va_end(rest_of); \
    }

#define OPENS(name) \
    int name(const char *path, int flags, ...) { \
        REAL(name); \
        MODE_OF(flags) \
        int place = place_at(path); \
        return fails(place, OPEN) ? -1 : opened(real(path, flags, mode), place); \
    }
OPENS(open)
OPENS(open64)

#define OPENS_AT(name) \
    int name(int folder, const char *path, int flags, ...) { \
        REAL(name); \
        MODE_OF(flags) \
        int place = place_below(folder, path); \
        return fails(place, OPEN) ? -1 : opened(real(folder, path, flags, mode), place); \
    }
OPENS_AT(openat)
OPENS_AT(openat64)

#define OPENS_FILE(name) \
    FILE *name(const char *path, const char *mode) { \
        REAL(name); \
        int place = place_at(path); \
        if (fails(place, OPEN)) return NULL; \
        FILE *file = real(path, mode); \
        if (file) opened(fileno(file), place); \
        return file; \
    }
OPENS_FILE(fopen)
OPENS_FILE(fopen64)

DIR *opendir(const char *path) {
    REAL(opendir);
    int place = place_at(path);
    if (fails(place, OPEN)) return NULL;
    DIR *folder = real(path);
    if (folder) opened(dirfd(folder), place);
    return folder;
}

#define LISTS(name, type) \
    struct type *name(DIR *folder) { \
        REAL(name); \
        return fails(place_by(dirfd(folder)), LIST) ? NULL : real(folder); \
    }
LISTS(readdir, dirent)
LISTS(readdir64, dirent64)

int close(int descriptor) {
    REAL(close);
    int place = place_by(descriptor);
    opened(descriptor, -1);
    int done = real(descriptor);
    return fails(place, CLOSE) ? -1 : done; /* closed all the same, as by a network disk that could not store all */
}

int dup(int descriptor) { REAL(dup); return opened(real(descriptor), place_by(descriptor)); }
int dup2(int from, int to) { REAL(dup2); return opened(real(from, to), place_by(from)); }
int dup3(int from, int to, int flags) { REAL(dup3); return opened(real(from, to, flags), place_by(from)); }

#define CONTROLS(name) \
    int name(int descriptor, int command, ...) { \
        REAL(name); \
        va_list rest_of; \
        va_start(rest_of, command); \
        void *argument = va_arg(rest_of, void *); \
        va_end(rest_of); \
        int is_lock = command == F_SETLK || command == F_SETLKW; \
        if (is_lock && fails(place_by(descriptor), LOCK)) return -1; \
        int done = real(descriptor, command, argument); \
        return command == F_DUPFD || command == F_DUPFD_CLOEXEC ? opened(done, place_by(descriptor)) : done; \
    }
CONTROLS(fcntl)
CONTROLS(fcntl64)

#define MOVES(name, kind, arguments, ...) \
    ssize_t name arguments { \
        REAL(name); \
        ssize_t most = allowed(descriptor, kind, size); \
        return most < 0 ? -1 : real(__VA_ARGS__); \
    }
MOVES(read, READ, (int descriptor, void *data, size_t size), descriptor, data, (size_t)most)
MOVES(write, WRITE, (int descriptor, const void *data, size_t size), descriptor, data, (size_t)most)
MOVES(pread, READ, (int descriptor, void *data, size_t size, off_t at), descriptor, data, (size_t)most, at)
MOVES(pread64, READ, (int descriptor, void *data, size_t size, off64_t at), descriptor, data, (size_t)most, at)
MOVES(pwrite, WRITE, (int descriptor, const void *data, size_t size, off_t at), descriptor, data, (size_t)most, at)
MOVES(pwrite64, WRITE, (int descriptor, const void *data, size_t size, off64_t at), descriptor, data, (size_t)most, at)

ssize_t readv(int descriptor, const struct iovec *parts, int count) {
    REAL(readv);
    return fails(place_by(descriptor), READ) ? -1 : real(descriptor, parts, count);
}

ssize_t writev(int descriptor, const struct iovec *parts, int count) {
    REAL(writev);
    return fails(place_by(descriptor), WRITE) ? -1 : real(descriptor, parts, count);
}

ssize_t sendfile64(int to, int from, off64_t *at, size_t size) {
    REAL(sendfile64);
    return fails(place_by(from), READ) || fails(place_by(to), WRITE) ? -1 : real(to, from, at, size);
}

ssize_t copy_file_range(int from, off64_t *at, int to, off64_t *there, size_t size, unsigned flags) {
    REAL(copy_file_range);
    return fails(place_by(from), READ) || fails(place_by(to), WRITE) ? -1 : real(from, at, to, there, size, flags);
}

#define BY_DESCRIPTOR(name, kind) \
    int name(int descriptor) { \
        REAL(name); \
        return fails(place_by(descriptor), kind) ? -1 : real(descriptor); \
    }
BY_DESCRIPTOR(fsync, SYNC)
BY_DESCRIPTOR(fdatasync, SYNC)
BY_DESCRIPTOR(syncfs, SYNC)

#define BY_PATH(name, kind) \
    int name(const char *path) { \
        REAL(name); \
        return fails(place_at(path), kind) ? -1 : real(path); \
    }
BY_PATH(unlink, UNLINK)
BY_PATH(rmdir, UNLINK)

int unlinkat(int folder, const char *path, int flags) {
    REAL(unlinkat);
    return fails(place_below(folder, path), UNLINK) ? -1 : real(folder, path, flags);
}

int mkdir(const char *path, mode_t mode) {
    REAL(mkdir);
    return fails(place_at(path), MKDIR) ? -1 : real(path, mode);
}

int mkdirat(int folder, const char *path, mode_t mode) {
    REAL(mkdirat);
    return fails(place_below(folder, path), MKDIR) ? -1 : real(folder, path, mode);
}

int rename(const char *from, const char *to) {
    REAL(rename);
    return fails(place_at(to), RENAME) ? -1 : real(from, to);
}

int renameat(int from_folder, const char *from, int to_folder, const char *to) {
    REAL(renameat);
    return fails(place_below(to_folder, to), RENAME) ? -1 : real(from_folder, from, to_folder, to);
}

int link(const char *from, const char *to) {
    REAL(link);
    return fails(place_at(to), LINK) ? -1 : real(from, to);
}

int symlink(const char *from, const char *to) {
    REAL(symlink);
    return fails(place_at(to), LINK) ? -1 : real(from, to);
}

ssize_t readlink(const char *path, char *to, size_t size) {
    REAL(readlink);
    return fails(place_at(path), STAT) ? -1 : real(path, to, size);
}

#define STATS(name, type) \
    int name(const char *path, struct type *status) { \
        REAL(name); \
        return fails(place_at(path), STAT) ? -1 : real(path, status); \
    }
STATS(stat, stat)
STATS(stat64, stat64)
STATS(lstat, stat)
STATS(lstat64, stat64)

#define STATS_OPEN(name, type) \
    int name(int descriptor, struct type *status) { \
        REAL(name); \
        return fails(place_by(descriptor), STAT) ? -1 : real(descriptor, status); \
    }
STATS_OPEN(fstat, stat)
STATS_OPEN(fstat64, stat64)

#define STATS_AT(name, type) \
    int name(int folder, const char *path, struct type *status, int flags) { \
        REAL(name); \
        return fails(place_below(folder, path), STAT) ? -1 : real(folder, path, status, flags); \
    }
STATS_AT(fstatat, stat)
STATS_AT(fstatat64, stat64)

int statx(int folder, const char *path, int flags, unsigned wanted, struct statx *status) {
    REAL(statx);
    return fails(place_below(folder, path), STAT) ? -1 : real(folder, path, flags, wanted, status);
}

int access(const char *path, int mode) {
    REAL(access);
    return fails(place_at(path), ACCESS) ? -1 : real(path, mode);
}

int faccessat(int folder, const char *path, int mode, int flags) {
    REAL(faccessat);
    return fails(place_below(folder, path), ACCESS) ? -1 : real(folder, path, mode, flags);
}

int chmod(const char *path, mode_t mode) {
    REAL(chmod);
    return fails(place_at(path), CHMOD) ? -1 : real(path, mode);
}

int fchmod(int descriptor, mode_t mode) {
    REAL(fchmod);
    return fails(place_by(descriptor), CHMOD) ? -1 : real(descriptor, mode);
}

int utimensat(int folder, const char *path, const struct timespec times[2], int flags) {
    REAL(utimensat);
    return fails(place_below(folder, path), CHMOD) ? -1 : real(folder, path, times, flags);
}

#define TRUNCATES(name, type) \
    int name(int descriptor, type size) { \
        REAL(name); \
        return fails(place_by(descriptor), TRUNCATE) ? -1 : real(descriptor, size); \
    }
TRUNCATES(ftruncate, off_t)
TRUNCATES(ftruncate64, off64_t)

int flock(int descriptor, int operation) {
    REAL(flock);
    return !(operation & LOCK_UN) && fails(place_by(descriptor), LOCK) ? -1 : real(descriptor, operation);
}

#define MAPS(name, type) \
    void *name(void *where, size_t size, int protection, int flags, int descriptor, type at) { \
        REAL(name); \
        if (!(flags & MAP_ANONYMOUS) && fails(place_by(descriptor), MMAP)) return MAP_FAILED; \
        return real(where, size, protection, flags, descriptor, at); \
    }
MAPS(mmap, off_t)
MAPS(mmap64, off64_t)
