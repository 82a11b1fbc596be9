/*
 * Preloaded into a process: what its system refuses it, or does to it, in one folder.
 *
 * FAULTS_BELOW    the folder; whatever is done elsewhere is done as asked
 * FAULTS_KIND     kill   the process is killed before its operation number FAULTS_AT
 *                 torn   the same, but half of that is written, where it is a write
 *                 full   from its write number FAULTS_AT on there is no space; half of that one fits
 *                 sync   its sync number FAULTS_AT fails, the others do not: what a kernel does that has dropped the pages
 *                 frozen from operation FAULTS_AT on the file system is read-only
 *                 short  every write takes half of what it is given
 *                 count  nothing; an operation is counted all the same
 * FAULTS_JUMP_MS  after so many milliseconds the wall clock jumps, by FAULTS_JUMP_BY_S seconds
 *
 * Operations are writes, syncs, changes of length, renamings and removals, numbered from 1 over all threads.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

enum operation { WRITE, SYNC, OTHER };

static atomic_long counted;

static int path_is_below(const char *path) {
    const char *below = getenv("FAULTS_BELOW");
    return below && strncmp(path, below, strlen(below)) == 0;
}

static int is_below(int fd) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return path_is_below(path);
}

static int is_kind(const char *kind) {
    const char *given = getenv("FAULTS_KIND");
    return given && strcmp(given, kind) == 0;
}

/* Counts an operation if it is of those that the kind is about; whether it is the one, 1, or a later one, 2. */
static int turn(enum operation operation) {
    if (is_kind("full") && operation != WRITE) return 0;
    if (is_kind("sync") && operation != SYNC) return 0;
    const char *at = getenv("FAULTS_AT");
    long number = atomic_fetch_add(&counted, 1) + 1, wanted = at ? atol(at) : 0;
    return number == wanted ? 1 : number > wanted && wanted > 0 ? 2 : 0;
}

static int refused(int error) {
    errno = error;
    return -1;
}

/* Whether a file system that became read-only refuses this operation. */
static int is_frozen(int at) { return at > 0 && is_kind("frozen"); }

/* Kills the process if this operation is where it dies. */
static void die_here(int at) {
    if (at == 1 && (is_kind("kill") || is_kind("torn"))) kill(getpid(), SIGKILL), pause();
}

ssize_t write(int fd, const void *bytes, size_t count) {
    if (!is_below(fd)) return REAL(write)(fd, bytes, count);
    int at = turn(WRITE);
    if (is_kind("short")) return REAL(write)(fd, bytes, count > 1 ? count / 2 : count);
    if (is_kind("full") && at == 2) return refused(ENOSPC);
    if (at == 1 && (is_kind("torn") || is_kind("full")) && count > 1) {
        ssize_t written = REAL(write)(fd, bytes, count / 2);
        die_here(at);
        return written;
    }
    die_here(at);
    if (is_frozen(at)) return refused(EROFS);
    return REAL(write)(fd, bytes, count);
}

ssize_t writev(int fd, const struct iovec *pieces, int count) {
    if (!is_below(fd)) return REAL(writev)(fd, pieces, count);
    for (int piece = 0; piece < count; piece++)
        if (pieces[piece].iov_len) return write(fd, pieces[piece].iov_base, pieces[piece].iov_len);
    return 0;
}

static int synced(int fd, int (*sync)(int)) {
    if (!is_below(fd)) return sync(fd);
    int at = turn(SYNC);
    die_here(at);
    if (is_kind("sync") && at == 1) return refused(EIO);
    if (is_frozen(at)) return refused(EROFS);
    return sync(fd);
}

int fsync(int fd) { return synced(fd, REAL(fsync)); }
int fdatasync(int fd) { return synced(fd, REAL(fdatasync)); }

/* What is neither a write nor a sync; whether it is refused. */
static int is_refused(void) {
    int at = turn(OTHER);
    die_here(at);
    return is_frozen(at);
}

int ftruncate64(int fd, off64_t length) {
    if (is_below(fd) && is_refused()) return refused(EROFS);
    return REAL(ftruncate64)(fd, length);
}

int rename(const char *from, const char *to) {
    if (path_is_below(to) && is_refused()) return refused(EROFS);
    return REAL(rename)(from, to);
}

int unlink(const char *path) {
    if (path_is_below(path) && is_refused()) return refused(EROFS);
    return REAL(unlink)(path);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    static struct timespec begun;
    int result = REAL(clock_gettime)(clock, now);
    const char *after = getenv("FAULTS_JUMP_MS"), *by = getenv("FAULTS_JUMP_BY_S");
    if (clock != CLOCK_REALTIME || !after || !by) return result;
    if (!begun.tv_sec) begun = *now;
    long passed = (now->tv_sec - begun.tv_sec) * 1000 + (now->tv_nsec - begun.tv_nsec) / 1000000;
    if (passed >= atol(after)) now->tv_sec += atol(by);
    return result;
}
