# The unit is stopped while its copy is at work: the scope is no part of the unit, and the copy ends its snapshot.
scopes() { systemctl list-units --all --plain --no-legend 'heapsnapd-capture-*.scope' | awk '{ print $1 }'; }
scope_is_there() { scopes | grep .; }
no_scope() { ! scope_is_there; }
has_limit() { same "$(systemctl show -P MemoryMax "$(scopes)")" "$(cat "/sys/fs/cgroup$(systemctl show -P ControlGroup "$(scopes)")/memory.max")"; }

service 150M Environment=RATE_MB=40 Environment=STOP_MB=35 TimeoutStopSec=250 -- \
    "$(run --agent /payload/heapsnapd-agent.node --set watch.triggers=[] --set capture.grace=240s leak-objects)"
until_true 20 uses_more_than 55000000
until_true 30 has_agent
kill -USR2 "$(main_pid)"
check "a scope is there" until_true 20 scope_is_there
check "systemd and the kernel agree on its limit" has_limit
check "the slice has a low weight" same "$(cat /sys/fs/cgroup/heapsnapd-capture.slice/cpu.weight 2>/dev/null || echo 10)" 10
until_true 20 copy_is_at_work
systemctl stop "$unit"
check "the copy has ended its snapshot" has_record 'r.state === "complete" && r.engine === "copyOnWrite" && r.actual.copyPeak > 157286400'
check "stopped as asked" unit_says ExecMainStatus 143
check "no scope is left" until_true 30 no_scope
check "nothing is left" nothing_of_ours
