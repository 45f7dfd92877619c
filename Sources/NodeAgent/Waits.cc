#include "Waits.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdarg.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ExitCodes.h"
#include "Replacement.h"

namespace agent {

namespace {

int wakeNobody(void*) { return 0; }

int condWait(void*, void*) { _exit(workerActive); }

int condTimedWait(void*, void*, const void*) { return ETIMEDOUT; }

int condClockWait(void*, void*, int, const void*) { return ETIMEDOUT; }

// A lock of this thread's own (recursive, or checking) answers as it would have.
int taken(int result) {
    if (result == EBUSY) _exit(lockHeld);
    return result;
}

int mutexLock(pthread_mutex_t* mutex) { return taken(pthread_mutex_trylock(mutex)); }

int mutexTimedLock(pthread_mutex_t* mutex, const void*) { return taken(pthread_mutex_trylock(mutex)); }

int readLock(pthread_rwlock_t* lock) { return taken(pthread_rwlock_tryrdlock(lock)); }

int writeLock(pthread_rwlock_t* lock) { return taken(pthread_rwlock_trywrlock(lock)); }

int semaphoreWait(sem_t* semaphore) {
    if (sem_trywait(semaphore) != 0) _exit(semaphoreEmpty);
    return 0;
}

int semaphoreTimedWait(sem_t* semaphore, const void*) {
    if (sem_trywait(semaphore) == 0) return 0;
    errno = ETIMEDOUT;
    return -1;
}

int awaitThread() { _exit(threadAwaited); }

// Node 22 and later carry absl::Mutex, which waits through syscall(SYS_futex).
long call(long number, ...) {
    va_list list;
    va_start(list, number);
    long a = va_arg(list, long), b = va_arg(list, long), c = va_arg(list, long);
    long d = va_arg(list, long), e = va_arg(list, long), f = va_arg(list, long);
    va_end(list);
    long operation = b & FUTEX_CMD_MASK;
    if (number == SYS_futex && (operation == FUTEX_WAIT || operation == FUTEX_WAIT_BITSET)) {
        if (*reinterpret_cast<volatile int*>(a) != static_cast<int>(c)) {
            errno = EAGAIN;
            return -1;
        }
        if (!d) _exit(futexHeld);
        errno = ETIMEDOUT;
        return -1;
    }
    return syscall(number, a, b, c, d, e, f);
}

const Replacement replacements[] = {
    {"pthread_cond_signal", address(wakeNobody)},
    {"pthread_cond_broadcast", address(wakeNobody)},
    {"pthread_cond_wait", address(condWait)},
    {"pthread_cond_timedwait", address(condTimedWait)},
    {"pthread_cond_clockwait", address(condClockWait)},
    {"pthread_mutex_lock", address(mutexLock)},
    {"pthread_mutex_timedlock", address(mutexTimedLock)},
    {"pthread_rwlock_rdlock", address(readLock)},
    {"pthread_rwlock_wrlock", address(writeLock)},
    {"pthread_join", address(awaitThread)},
    {"pthread_barrier_wait", address(awaitThread)},
    {"sem_wait", address(semaphoreWait)},
    {"sem_timedwait", address(semaphoreTimedWait)},
    {"syscall", address(call)},
};

}  // namespace

void* waitReplacement(const char* function) {
    return find(replacements, function);
}

}  // namespace agent
