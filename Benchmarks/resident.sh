#!/bin/bash
# In the guest: 100 idle Node services, each in a unit of its own, and what watches them at rest. Prints a line of JSON for each watcher.
# usage: resident.sh [SERVICES]     with first.deb, node and the packages of the others beside it
set -eu
services=${1:-100} seconds=60
dpkg -i ./first.deb >/dev/null 2>&1
for package in earlyoom_*.deb systemd-oomd_*.deb; do dpkg -i "./$package" >/dev/null 2>&1 || true; done
echo 'setInterval(() => {}, 1e6);' >/payload/idle.js
cat >/etc/systemd/system/idle@.service <<UNIT
[Service]
MemoryMax=200M
ExecStart=/payload/node /payload/idle.js
UNIT
systemctl daemon-reload
for i in $(seq "$services"); do systemctl start "idle@$i.service"; done

# NAME UNIT: voluntary switches of all its threads, which is how often one of them waited; processor time; memory of its own.
switches() { cat "/proc/$1"/task/*/status | awk '/^voluntary_ctxt/ { sum += $2 } END { print sum }'; }
ticks() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }
nanoseconds() { cat "/proc/$1"/task/*/schedstat 2>/dev/null | awk '{ sum += $1 } END { printf "%d", sum }'; }
measure() {
    local pid
    pid=$(systemctl show -P MainPID "$2")
    if [ "$pid" = 0 ]; then
        printf '{"name": "%s", "absent": "%s"}\n' "$1" "$(journalctl -u "$2" -n 1 -o cat | tr -d '"\\' | cut -c1-120)"
        return
    fi
    local before time
    before=$(switches "$pid") time=$(ticks "$pid")
    sleep $seconds
    printf '{"name": "%s", "wakeups": %s, "cpu_percent": %s, "anonymous_kib": %s, "threads": %s, "descriptors": %s}\n' "$1" \
        $((($(switches "$pid") - before) * 60 / seconds)) "$(awk "BEGIN { print ($(ticks "$pid") - $time) / $(getconf CLK_TCK) / $seconds * 100 }")" \
        "$(sed -n 's/^RssAnon:[[:space:]]*\([0-9]*\).*/\1/p' "/proc/$pid/status")" "$(ls "/proc/$pid/task" | wc -l)" "$(ls "/proc/$pid/fd" | wc -l)"
}
systemctl start heapsnapd.service
sleep 45
/usr/bin/heapsnapd status --json | grep -c '"state" : "watching"' | sed 's/.*/{"name": "watched", "count": &}/'
measure heapsnapd heapsnapd.service
systemctl stop heapsnapd.socket heapsnapd.service
for other in earlyoom systemd-oomd; do
    systemctl start "$other.service" 2>/dev/null || true
    sleep 5
    measure "$other" "$other.service"
    systemctl stop "$other.service" systemd-oomd.socket 2>/dev/null || true
done
