# systemd refuses the scope: a cgroup made by hand takes the copy, and the record says why.
systemctl mask --runtime heapsnapd-capture.slice
no_capture_cgroup() { ! ls -d /sys/fs/cgroup/heapsnapd-capture-*[0-9] 2>/dev/null; }

service 150M Environment=RATE_MB=30 Environment=STOP_MB=5 -- \
    "$(run --agent /payload/heapsnapd-agent.node --set watch.triggers=[] leak-objects)"
until_true 20 uses_more_than 22000000
until_true 30 has_agent
kill -USR2 "$(main_pid)"
until_true 90 has_captured
check "a copy took a complete snapshot" has_record 'r.state === "complete" && r.engine === "copyOnWrite"'
check "the record says where, and why not in a scope" has_record 'r.rungs.some((g) => /^in .sys.fs.cgroup.heapsnapd-capture-.*not in a scope: cannot start .*masked/.test(g.note))'
check "its cgroup is gone" until_true 30 no_capture_cgroup
systemctl unmask --runtime heapsnapd-capture.slice
systemctl stop "$unit"
check "nothing is left" nothing_of_ours
