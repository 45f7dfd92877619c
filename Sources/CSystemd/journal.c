// What systemd wrote into the journal about the end of a unit: sd-journal(3), systemd.journal-fields(7).
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <systemd/sd-messages.h>

#include "csystemd.h"
#include "library.h"

// A unit that is started again and again writes a dozen entries each time.
enum { MOST_ENTRIES = 500 };

// `NAME=value` of the entry at which the journal stands, without the name; cut to the room.
static bool field(sd_journal *journal, const char *name, char *value, size_t room) {
    const void *data;
    size_t length, start = strlen(name) + 1;
    if (lib.sd_journal_get_data(journal, name, &data, &length) < 0 || length < start) return false;
    length -= start;
    if (length >= room) length = room - 1;
    memcpy(value, (const char *)data + start, length);
    value[length] = 0;
    return true;
}

static void take(sd_journal *journal, systemd_exit *end) {
    char text[64];
    if (!field(journal, "MESSAGE_ID", text, sizeof text)) return;
    if (strcmp(text, SD_MESSAGE_UNIT_OUT_OF_MEMORY_STR) == 0) {
        end->is_oom_killed = true;
        return;
    }
    // Of several the newest, which is met first. ExecStartPre= and the like end, too.
    if (end->code || !field(journal, "COMMAND", text, sizeof text) || strcmp(text, "ExecStart") != 0) return;
    if (!field(journal, "EXIT_STATUS", text, sizeof text)) return;
    int status = atoi(text);
    if (!field(journal, "EXIT_CODE", text, sizeof text)) return;
    end->code = strcmp(text, "exited") == 0 ? CLD_EXITED : strcmp(text, "dumped") == 0 ? CLD_DUMPED : CLD_KILLED;
    end->status = status;
}

static int search(sd_journal *journal, const char *unit, uint64_t since, systemd_exit *end) {
    char match[300];
    snprintf(match, sizeof match, "UNIT=%s", unit);
    int result;
    // Different fields must all match, one field's values any of them. From pid 1 itself: anybody can write an entry with these fields.
    if ((result = lib.sd_journal_add_match(journal, "_PID=1", 0)) < 0 || (result = lib.sd_journal_add_match(journal, match, 0)) < 0 ||
        (result = lib.sd_journal_add_match(journal, "MESSAGE_ID=" SD_MESSAGE_UNIT_PROCESS_EXIT_STR, 0)) < 0 ||
        (result = lib.sd_journal_add_match(journal, "MESSAGE_ID=" SD_MESSAGE_UNIT_OUT_OF_MEMORY_STR, 0)) < 0 ||
        (result = lib.sd_journal_seek_tail(journal)) < 0)
        return result;
    for (int count = 0; count < MOST_ENTRIES && (result = lib.sd_journal_previous(journal)) > 0; count++) {
        uint64_t at;
        if ((result = lib.sd_journal_get_realtime_usec(journal, &at)) < 0) return result;
        if (at < since) break;
        take(journal, end);
    }
    return result < 0 ? result : 0;
}

int systemd_last_exit(const char *unit, uint64_t since, systemd_exit *end, systemd_reason *reason) {
    *end = (systemd_exit){0};
    int result = systemd_available(reason);
    if (result < 0) return result;
    sd_journal *journal = NULL;
    result = lib.sd_journal_open(&journal, SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_SYSTEM);
    if (result >= 0) result = search(journal, unit, since, end);
    if (journal) lib.sd_journal_close(journal);
    if (result < 0) snprintf(reason->text, sizeof reason->text, "%s", strerror(-result));
    return result;
}
