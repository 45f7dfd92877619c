# A leak outside V8's heap, which only the cgroup's limit would end, is captured before, and the service goes on.
service 300M Environment=RATE_MB=1.5 Environment=BURST=200 -- "$(run leak-buffers)"
check "captured before the kill" until_true 30 complete
sleep 5
check "answers 5 s later" answers
check "nobody was killed" grep -qx 'oom_kill 0' "$(cgroup)/memory.events"
