# heapsnapd run, the unit's main process, is killed in mid-loan: all of the unit ends, and the next start puts the limit right.
service 300M Environment=RATE_MB=20 Environment=STOP_MB=50 Restart=on-failure -- "$(run --no-agent --trigger rss=90M leak-objects)"
check "the limit is raised" until_true 30 is_lent 314572800
before=$(main_pid)
kill -9 "$before"
started_anew() { [ "$(main_pid)" != "$before" ] && has_record 'r.state === "supervisorLost"'; }
check "the next start records it" until_true 20 started_anew
systemctl stop "$unit"
check "the limit is the unit's again" unit_says MemoryMax 314572800
check "nothing is left" nothing_of_ours
