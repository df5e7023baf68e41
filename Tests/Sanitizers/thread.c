// What ThreadSanitizer must know about Swift's libraries, which are not instrumented. It is linked into what is tested.
//
// The locks of Swift's Synchronization module: Mutex compiles its fast path, one atomic operation, into the code that
// uses it, where ThreadSanitizer sees it. If a thread has to wait, Mutex calls the functions below in
// libswiftSynchronization.so: without them, every lock that was waited for looks like a data race. The linker prefers
// these to the library's, which they call.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>

void __tsan_acquire(void *address);
void __tsan_release(void *address);

#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context)) void *self

// Synchronization._MutexHandle._lockSlow(_: UInt32), _unlockSlow() and _tryLockSlow() -> Bool; self is the address of
// the atomic integer.
#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"
#define TRY_LOCK "$s15Synchronization12_MutexHandleV12_tryLockSlowSbyF"

static void *original(const char *name) {
    void *address = dlsym(RTLD_NEXT, name);
    if (!address) abort();
    return address;
}

SWIFT void lock_slow(uint32_t thread, SELF) __asm__(LOCK);
SWIFT void lock_slow(uint32_t thread, SELF) {
    ((SWIFT void (*)(uint32_t, SELF))original(LOCK))(thread, self);
    __tsan_acquire(self);
}

SWIFT void unlock_slow(SELF) __asm__(UNLOCK);
SWIFT void unlock_slow(SELF) {
    __tsan_release(self);
    ((SWIFT void (*)(SELF))original(UNLOCK))(self);
}

SWIFT _Bool try_lock_slow(SELF) __asm__(TRY_LOCK);
SWIFT _Bool try_lock_slow(SELF) {
    _Bool locked = ((SWIFT _Bool (*)(SELF))original(TRY_LOCK))(self);
    if (locked) __tsan_acquire(self);
    return locked;
}

// Three accesses that are not races:
// - Every empty array shares one object, into which code that creates an array writes the count 0 once more.
// - A transfer's callbacks write the response before the loop resumes the task that awaits it. If the loop resumes it
//   before it awaits, it goes on without a function of the library that would report this order (the library does so
//   when the task is scheduled).
// - The same for an element of an AsyncThrowingStream that was yielded before the task awaits it: the stream's lock is
//   inside the library.
const char *__tsan_default_suppressions(void) {
    return "race:_swiftEmptyArrayStorage\n"
           "race:10HTTPClient13writeCallback\n"
           "race:10HTTPClient14headerCallback\n"
           "race:13ozon_download13ProductLookupV5start\n";
}
