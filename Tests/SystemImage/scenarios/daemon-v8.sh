# V8's limit comes before the cgroup's: the daemon has a snapshot, and the unit comes again by Restart=always.
with_daemon
# A small heap: a copy of 60 MB takes 20 s here, of which user-mode Linux spends most on page faults.
NODE_FLAGS=--max-old-space-size=30 watched "$scenario" 512M Environment=RATE_MB=10 Restart=always RestartSec=10 -- leak-objects
check "a snapshot" until_true 60 daemon_captured "$scenario"
check "it is complete" has_record 'r.service === "daemon-v8" && r.state === "complete"'
check "the death is recorded" until_true 30 daemon_said "$scenario ended: V8 gave up"
check "by its cause" has_record 'r.service === "daemon-v8" && r.exit && r.exit.cause === "v8HeapLimit"'
check "started again, and watched" until_true 30 status 'status.processes.some((p) => p.service === "daemon-v8" && p.state !== "unwatched")'
systemctl stop "$unit"
check "nothing is left" until_true 20 nothing_of_ours
