# The daemon is stopped in mid-capture, and waits no longer: Node writes on with what was lent, and the next daemon takes the snapshot in.
with_daemon "$by_hand
capture: {grace: 1s}"
NODE_FLAGS=--max-old-space-size=400 watched "$scenario" 300M Environment=STOP_MB=50 -- leak-objects
until_true 30 uses_more_than 65000000
process=$(main_pid)
./heapsnapd dump --no-copy --max-pause 60s "$process" >/dev/null 2>&1 &
check "the limit is raised" until_true 20 is_lent 314572800
lent=$(limit)
check "Node writes" until_true 30 node_writes
systemctl restart heapsnapd.service
wait $! || true
check "the service goes on" until_true 40 answers
check "its snapshot is taken in by the next" until_true 40 has_record 'r.service === "daemon-stopped" && r.state === "complete" && r.reason === "adopted"'
check "nobody was killed" eval 'same "$(main_pid)" "$process" && grep -qx "oom_kill 0" "$(cgroup)/memory.events"'
check "the limit comes back as far as it may" until_true 40 eval '! is_lent $((lent - 1))'
systemctl stop "$unit"
check "nothing is left" until_true 20 nothing_of_ours
