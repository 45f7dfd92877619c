# memory.oom.group=1: the kernel kills heapsnapd with the service. Captured before, and the next start records the rest.
service 250M Environment=RATE_MB=5 Environment=BURST=130 OOMPolicy=kill Restart=on-failure -- "$(run leak-buffers)"
check "the unit is killed as one" same "$(cat "$(cgroup)/memory.oom.group")" 1
check "captured before" until_true 30 complete
check "the next start records it" until_true 40 has_record 'r.state === "supervisorLost"'
