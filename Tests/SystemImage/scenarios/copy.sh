# A copy takes the snapshot in a transient scope of its own, outside the unit's limit, while the unit runs on.
no_scope() { ! systemctl list-units --all --plain --no-legend 'heapsnapd-capture-*.scope' | grep . && ! find /sys/fs/cgroup -name 'heapsnapd-capture-*' | grep .; }

service 150M Environment=RATE_MB=30 Environment=STOP_MB=20 -- \
    "$(run --agent /payload/heapsnapd-agent.node --set watch.triggers=[] leak-objects)"
until_true 20 uses_more_than 38000000
until_true 30 has_agent
kill -USR2 "$(main_pid)"
until_true 90 has_captured
check "a copy took a complete snapshot" has_record 'r.state === "complete" && r.engine === "copyOnWrite"'
check "it needed more than the unit has" has_record 'r.engine === "copyOnWrite" && r.actual.copyPeak > 157286400 && r.actual.pause < 3'
check "in a scope" has_record 'r.rungs.some((g) => /^in heapsnapd-capture.slice.heapsnapd-capture-.*[.]scope$/.test(g.note))'
check "the service runs on" answers
check "its scope is gone" until_true 30 no_scope
check "the unit was not OOM-killed" unit_says NRestarts 0
systemctl stop "$unit"
check "nothing is left" nothing_of_ours
