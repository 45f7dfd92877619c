# A unit with MemoryMax leaks, and the daemon captures it before the kernel kills it.
with_daemon
watched "$scenario" 300M Environment=RATE_MB=1.5 Environment=BURST=210 User=nobody -- leak-buffers
check "captured before the kill" until_true 60 daemon_captured "$scenario"
check "it is complete" has_record 'r.service === "daemon-captures" && r.state === "complete"'
check "by a copy" has_record 'r.service === "daemon-captures" && r.engine === "copyOnWrite"'
check "the status knows it" status 'status.processes.some((p) => p.service === "daemon-captures" && p.lastCapture.state === "complete")'
sleep 5
check "answers 5 s later" answers
check "nobody was killed" grep -qx 'oom_kill 0' "$(cgroup)/memory.events"
check "the journal tells it" eval 'journalctl -t heapsnapd HEAPSNAPD_SERVICE=daemon-captures -o cat | grep -q "snapshot .* complete"'
check "also with the unit's own lines" eval 'journalctl -u "$unit" -o cat | grep -q "snapshot .* complete"'
systemctl stop "$unit"
check "its death is recorded" until_true 15 has_record 'r.service === "daemon-captures" && r.reason === "death"'
check "nothing is left" nothing_of_ours
