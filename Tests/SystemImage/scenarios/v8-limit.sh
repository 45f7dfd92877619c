# V8's own limit, which comes before the cgroup's: the exit code and the cause are recorded.
service 512M Environment=RATE_MB=80 -- "$(run --near-heap-limit 0 --trigger rss=10G leak-objects)"
check "ends by itself" until_true 30 has_ended
check "exit code 134" unit_says ExecMainStatus 134
check "the cause is recorded" has_record 'r.exit && r.exit.cause === "v8HeapLimit"'
