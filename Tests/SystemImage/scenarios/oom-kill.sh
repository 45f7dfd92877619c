# The kernel kills the service: told from memory.events.
service 200M Environment=RATE_MB=60 OOMPolicy=continue -- "$(run --trigger rss=10G leak-buffers)"
check "ends" until_true 30 has_ended
check "the cause is recorded" has_record 'r.exit && r.exit.cause === "cgroupOOMKill"'
check "exit code 137" unit_says ExecMainStatus 137
