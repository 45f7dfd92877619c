# The administrator edits the unit in mid-loan: nobody is killed, and what they wrote holds afterwards.
service 300M Environment=RATE_MB=25 Environment=STOP_MB=50 -- "$(run --trigger rss=90M leak-objects)"
systemctl set-property --runtime "$unit" MemoryMax=290M
before=$(main_pid)
check "the limit is raised" until_true 30 is_lent 314572800
check "more is used than they will allow" until_true 30 uses_more_than 325058560
mkdir -p "/etc/systemd/system/$unit.d"
printf '[Service]\nMemoryMax=310M\n' >"/etc/systemd/system/$unit.d/override.conf"
systemctl daemon-reload
check "still lent after the reload" is_lent 325058560
check "captured" until_true 30 complete
check "answers" answers
check "the same process" same "$(main_pid)" "$before"
check "nobody was killed" grep -qx 'oom_kill 0' "$(cgroup)/memory.events"
systemctl stop "$unit"
check "the administrator's value holds" unit_says MemoryMax 325058560
check "their runtime property is as it was" grep -qx 'MemoryMax=304087040' "/run/systemd/system.control/$unit.d/50-MemoryMax.conf"
check "nothing else is left" same "$(ls "/run/systemd/system.control/$unit.d")" 50-MemoryMax.conf
check "no loan is open" test -z "$(find /run/heapsnapd/loans -type f)"
