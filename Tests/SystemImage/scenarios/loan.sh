# A snapshot that needs more than the limit: MemoryMax is raised through systemd and comes back.
service 300M Environment=RATE_MB=25 Environment=STOP_MB=50 -- "$(run --no-agent --trigger rss=90M leak-objects)"
check "the limit is raised" until_true 30 is_lent 314572800
check "systemd knows of it" test "$(systemctl show -P MemoryMax "$unit")" -gt 314572800
check "captured" until_true 30 complete
check "the record tells of the loan" same "$(complete 'r.loan.lender + r.loan.from')" systemd314572800
check "answers" answers
check "a reload does not take it away" systemctl daemon-reload
check "answers after the reload" answers
check "nobody was killed" grep -qx 'oom_kill 0' "$(cgroup)/memory.events"
systemctl stop "$unit"
check "given back when the service ends" unit_says MemoryMax 314572800
check "no drop-in is left" nothing_of_ours
check "systemd sees no change on disk" unit_says NeedDaemonReload no
