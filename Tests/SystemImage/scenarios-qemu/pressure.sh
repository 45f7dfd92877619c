# Several processors and PSI, which user-mode Linux lacks: the daemon listens to the unit's memory.pressure, and captures while the processors are busy.
# At most 600 s.
with_daemon
check "two processors" same "$(nproc)" 2
check "PSI" test -e /proc/pressure/memory
watched "$scenario" 300M MemoryHigh=230M Environment=RATE_MB=2 Environment=BURST=120 -- leak-buffers
pressure() { find "/proc/$(daemon MainPID)/fd" -lname '*/pressure.service/memory.pressure' | grep .; }
check "it listens to the unit's pressure" until_true 60 pressure
check "captured before the kill" until_true 300 daemon_captured "$scenario"
check "by a copy" has_record 'r.service === "pressure" && r.engine === "copyOnWrite"'
check "nobody was killed" grep -qx 'oom_kill 0' "$(cgroup)/memory.events"
check "one thread for all pressure" test "$(find "/proc/$(daemon MainPID)/task" -mindepth 1 -maxdepth 1 | wc -l)" -lt 12
