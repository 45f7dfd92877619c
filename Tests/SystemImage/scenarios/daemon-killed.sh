# The daemon is killed in mid-capture: the service lives, the next daemon settles what is open. A unit that stops in mid-capture.
with_daemon "$by_hand"
NODE_FLAGS=--max-old-space-size=400 watched "$scenario" 300M Environment=STOP_MB=50 -- leak-objects
until_true 30 uses_more_than 65000000
./heapsnapd dump --no-copy --max-pause 60s "$(main_pid)" &
check "the limit is raised" until_true 20 is_lent 314572800
lent=$(limit)
until_true 30 node_writes
process=$(daemon MainPID)
kill -9 "$process"
wait $! || true
check "the daemon is there again" until_true 20 eval 'p=$(daemon MainPID) && test "$p" != 0 -a "$p" != "$process"'
check "the service goes on" until_true 40 answers
check "the limit comes back as far as it may" until_true 40 eval '! is_lent $((lent - 1))'
check "Node's file is taken in by the new one" until_true 40 has_record 'r.service === "daemon-killed" && r.state === "complete" && r.reason === "adopted"'
check "and is watched again" until_true 20 status 'status.processes.some((p) => p.service === "daemon-killed")'
systemctl restart "$unit"
check "after its restart the limit is the unit's" until_true 20 limit_is 314572800
check "nothing is left" until_true 20 nothing_of_ours

until_true 30 uses_more_than 65000000
./heapsnapd dump "$(main_pid)" --json >/tmp/dump.json &
until_true 20 copy_is_at_work
systemctl stop "$unit"
check "a unit that stops in mid-capture leaves its snapshot" eval "wait $! || { cat /tmp/dump.json; false; }"
