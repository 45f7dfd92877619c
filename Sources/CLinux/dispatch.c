// libdispatch's pool watches its threads by a timer of one second (src/event/workqueue.c, DISPATCH_WORKQ_MONITOR): 60 wake-ups a minute in a program that is
// at rest otherwise. It makes more threads where those of a queue wait for something; our queues that wait are overcommitting ones and get theirs anyway.
// The program is linked with --wrap for these two (Package.swift), so that no thread is registered and the timer never starts
// (docs/decisions/0012-no-pool-monitor.md). Where libdispatch is a shared library, as in tests, nothing changes.
#include <stdbool.h>

bool __wrap__dispatch_workq_worker_register(void *queue, int priority);
void __wrap__dispatch_workq_worker_unregister(void *queue, int priority);

bool __wrap__dispatch_workq_worker_register(void *queue, int priority) {
    (void)queue;
    (void)priority;
    return true;
}

void __wrap__dispatch_workq_worker_unregister(void *queue, int priority) {
    (void)queue;
    (void)priority;
}
