#include "Captures.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "Agent.h"
#include "Connection.h"
#include "ExactIds.h"
#include "ExitCodes.h"
#include "ImportTable.h"
#include "Kernel.h"
#include "Replies.h"
#include "Slots.h"
#include "Threads.h"

namespace agent {

Capture captures[mostCaptures];

namespace {

constexpr int64_t longestSettling = 100000000;  // 100 ms: threads slept within 16 ms in nearly all tries
constexpr int mostDeclined = 5;                 // 2 ms of the JavaScript thread each
constexpr int64_t settlingStep = 500000;        // contract 23
constexpr int64_t reapingStep = 200000000;      // where the kernel has no pidfd

Capture* freeCapture() {
    for (Capture& capture : captures)
        if (capture.phase == Capture::isFree) return &capture;
    return nullptr;
}

// One copy at a time is asked for: the second would find the first's thread awake.
Capture* captureBeforeFork() {
    for (Capture& capture : captures)
        if (capture.phase == Capture::isSettling || capture.phase == Capture::isAsked) return &capture;
    return nullptr;
}

void closeOrder(CopyOrder& order) {
    closeIfOpen(order.output);
    closeIfOpen(order.control);
}

void giveUp(Capture& capture, const char* code, const char* message) {
    closeOrder(capture.order);
    replyFailed(controllerOf(capture.term), capture.id, code, message);
    capture.phase = Capture::isFree;
}

// Answers whether the copy will not be made any more.
bool withdraw(Capture& capture) {
    if (capture.phase == Capture::isSettling) return true;
    return capture.phase == Capture::isAsked && takeBack(*capture.slot, makeCopy) != 0;
}

// V8's mappings are no longer marked MADV_DONTFORK, by which the heap is told from outside: whoever looks there sees by this thread's name that it
// says nothing any more (Sources/Node/Cost/HeapEstimate.swift).
void tellThatMarksAreGone() { prctl(PR_SET_NAME, "heapsnapd-fork"); }

void live(Capture& capture, const CopyReport& report) {
    capture.phase = Capture::isLiving;
    capture.child = report.child;
    capture.pidfd = report.pidfd;
    capture.faults = report.faults;
    capture.forked = now();
    tellThatMarksAreGone();
}

void writeCopy(Text& text, const CopyReport& copy) {
    text.member("childPid", copy.child).duration("pause", copy.pause).duration("fork", copy.forking);
    text.duration("mappings", copy.mapping).duration("waited", copy.waited).member("runningThreads", copy.running);
    text.member("minorFaults", copy.faults).member("wokenBy", copy.wokenBy);
}

void reap(Capture& capture) {
    int status = 0;
    rusage usage;
    memset(&usage, 0, sizeof usage);
    pid_t ended = wait4(capture.child, &status, WNOHANG | __WALL, &usage);
    if (ended == 0 || (ended < 0 && errno == EINTR)) return;
    closeIfOpen(capture.pidfd);
    rusage own;
    getrusage(RUSAGE_SELF, &own);
    Text text = beginMessage("ended");
    text.member("id", capture.id).member("childPid", capture.child);
    if (ended < 0) text.member("unknown", true);
    else if (WIFSIGNALED(status)) text.member("signal", WTERMSIG(status));
    else text.member("exitCode", WEXITSTATUS(status));
    text.duration("duration", now() - capture.forked);
    text.member("minorFaults", static_cast<uint64_t>(own.ru_minflt) - capture.faults);
    text.member("childPeakResident", static_cast<uint64_t>(usage.ru_maxrss) * 1024);
    int64_t processor = (static_cast<int64_t>(usage.ru_utime.tv_sec) + usage.ru_stime.tv_sec) * 1000000000 +
        (static_cast<int64_t>(usage.ru_utime.tv_usec) + usage.ru_stime.tv_usec) * 1000;
    text.duration("childProcessorTime", processor);
    reply(controllerOf(capture.term), text);
    // It took none: Node's own callback is the net again.
    bool isComplete = ended > 0 && WIFEXITED(status) && WEXITSTATUS(status) == done;
    if (capture.atLimit && !isComplete && capture.slot->id == capture.isolate) capture.slot->limitServed.store(false);
    capture.phase = Capture::isFree;
}

void settle(Capture& capture, int64_t time) {
    Slot* slot = capture.slot;
    if (time < capture.settleBy && runningThreads(slot->thread, agentThread) > 0) return;
    capture.settled = now() - capture.begun;
    slot->order = capture.order;
    slot->order.mayDecline = !capture.order.exactIDs && capture.declined < mostDeclined && time + 3 * longestSettling < capture.deadline;
    capture.phase = Capture::isAsked;
    if (!ask(*slot, makeCopy)) giveUp(capture, "noSuchIsolate", "the isolate has ended");
}

}  // namespace

void beginCapture(Slot& slot, const CopyOrder& order, int64_t term, int64_t timeout) {
    Capture* capture = freeCapture();
    CopyOrder copy = order;
    if (!capture || captureBeforeFork()) {
        closeOrder(copy);
        replyFailed(controllerOf(term), order.id, "busy", "another capture is being begun, or eight copies live");
        return;
    }
    findImports();
    *capture = Capture();
    capture->phase = Capture::isSettling;
    capture->id = order.id;
    capture->term = term;
    capture->isolate = slot.id;
    capture->slot = &slot;
    capture->order = copy;
    capture->begun = now();
    capture->settleBy = capture->begun + (longestSettling < timeout / 2 ? longestSettling : timeout / 2);
    capture->deadline = capture->begun + timeout;
}

bool cancelCapture(int64_t term, int64_t id) {
    for (Capture& capture : captures) {
        if (capture.phase == Capture::isFree || capture.term != term || capture.id != id) continue;
        if (withdraw(capture)) {
            giveUp(capture, "cancelled", "cancelled before the copy was made");
        } else if (capture.phase == Capture::isLiving) {
            kill(capture.child, SIGKILL);  // not reaped yet, so the pid is still its own
        } else {
            continue;  // it is being made right now: the controller closes the control socket
        }
        return true;
    }
    return false;
}

void abandonCaptures() {
    for (Capture& capture : captures) {
        if (!withdraw(capture)) continue;
        closeOrder(capture.order);
        capture.phase = Capture::isFree;
    }
}

int64_t advanceCaptures() {
    int64_t next = -1, time = now();
    for (Capture& capture : captures) {
        int64_t wish = -1;
        if (capture.phase == Capture::isSettling) {
            settle(capture, time);
            wish = capture.phase == Capture::isSettling ? time + settlingStep : capture.deadline;
        }
        if (capture.phase == Capture::isAsked) {
            if (time >= capture.deadline && withdraw(capture)) {
                giveUp(capture, "notInterruptible", "neither an interrupt nor the event loop reached the isolate in time");
            } else {
                wish = capture.deadline > time ? capture.deadline : time + reapingStep;
            }
        }
        if (capture.phase == Capture::isLiving) {
            reap(capture);
            if (capture.phase == Capture::isLiving && capture.pidfd < 0) wish = time + reapingStep;
        }
        if (capture.phase == Capture::isFree) continue;
        if (wish >= 0 && (next < 0 || wish < next)) next = wish;
    }
    return next;
}

void copyMade(Slot& slot) {
    for (Capture& capture : captures) {
        if (capture.phase != Capture::isAsked || capture.slot != &slot) continue;
        const CopyReport& report = slot.report;
        if (report.declined) {
            capture.declined++;
            capture.phase = Capture::isSettling;
            capture.settleBy = now() + longestSettling;
            return;
        }
        if (report.error) {
            tellThatMarksAreGone();
            replyFailed(controllerOf(capture.term), capture.id, "forkFailed", strerror(report.error));
            capture.phase = Capture::isFree;
            return;
        }
        live(capture, report);
        Text text = beginMessage("forked");
        text.member("id", capture.id).member("isolate", slot.id).member("reason", "request");
        text.duration("settled", capture.settled).member("declined", capture.declined);
        writeCopy(text, report);
        if (capture.order.exactIDs) {
            text.duration("numbering", report.numbering);
            writeHunt(text, slot);
        }
        reply(controllerOf(capture.term), text);
        return;
    }
}

void limitCopiesMade(Slot& slot) {
    LimitReport& limit = slot.limit;
    slot.askedToGuard = slot.limitServed.load();
    if (!limit.guard) return;
    for (int at = 0; at < limit.count; at++) {
        const CopyReport& report = limit.copies[at];
        Capture* capture = report.error ? nullptr : freeCapture();
        if (capture) {
            *capture = Capture();
            capture->id = limit.guard->id;
            capture->term = limit.guard->term;
            capture->isolate = slot.id;
            capture->slot = &slot;
            // Of two the first has failed; what counts is the other.
            capture->atLimit = at == limit.count - 1;
            live(*capture, report);
        }
        Text text = beginMessage(report.error ? "failed" : "forked");
        text.member("id", limit.guard->id).member("isolate", slot.id).member("reason", "nearHeapLimit");
        text.member("attempt", at + 1).member("heapLimit", limit.limit).member("raisedTo", limit.raised).member("marked", limit.marked);
        if (report.error) text.member("code", "forkFailed").member("message", strerror(report.error));
        else writeCopy(text, report);
        reply(controllerOf(limit.guard->term), text);
    }
    limit.guard->state.store(Guard::isFree);
    limit.guard = nullptr;
}

void slotEnded(Slot& slot) {
    for (Capture& capture : captures)
        if (capture.slot == &slot && withdraw(capture)) giveUp(capture, "noSuchIsolate", "the isolate has ended");
}

int pollCaptures(pollfd* descriptors) {
    int count = 0;
    for (Capture& capture : captures)
        if (capture.phase == Capture::isLiving && capture.pidfd >= 0) descriptors[count++] = {capture.pidfd, POLLIN, 0};
    return count;
}

}  // namespace agent
