# MemoryHigh= slows the service down before its limit: the daemon is neither slowed nor blind, and captures.
with_daemon
watched "$scenario" 300M MemoryHigh=200M Environment=RATE_MB=8 Environment=BURST=120 -- leak-buffers
check "captured" until_true 80 daemon_captured "$scenario"
check "by a copy" has_record 'r.service === "daemon-high" && r.engine === "copyOnWrite"'
check "it was slowed down" until_true 20 eval 'test "$(sed -n "s/^high //p" "$(cgroup)/memory.events")" -gt 0'
check "nobody was killed" grep -qx 'oom_kill 0' "$(cgroup)/memory.events"
check "memory.high is the unit's" same "$(cat "$(cgroup)/memory.high")" 209715200
