# The kernel would kill the unit whole (OOMPolicy=kill sets memory.oom.group): it is captured before all the same, and survives.
with_daemon
watched "$scenario" 300M OOMPolicy=kill Environment=RATE_MB=1.5 Environment=BURST=210 -- leak-buffers
check "the whole unit would be killed" grep -qx 1 "$(cgroup)/memory.oom.group"
check "captured before the kill" until_true 60 daemon_captured "$scenario"
sleep 3
check "answers" answers
check "nobody was killed" grep -qx 'oom_kill 0' "$(cgroup)/memory.events"
process=$(main_pid)
systemctl kill -s KILL "$unit"
check "its death by SIGKILL is told" until_true 20 daemon_said "$scenario ended: SIGKILL ended it"

# The same without what heapsnapd does for it: it dies, and the record says of what.
configure 'capture: {lend: false}'
watched daemon-oom-dies 120M OOMPolicy=kill Environment=RATE_MB=20 -- leak-buffers
check "a death by the kernel is told as that" until_true 60 daemon_said "daemon-oom-dies ended: the kernel killed it"
