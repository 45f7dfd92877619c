# The daemon captures what no rule is for, when it is asked to: what it lends for that comes back, too.
with_daemon 'watch: {triggers: []}'
NODE_FLAGS=--max-old-space-size=400 watched "$scenario" 300M Environment=STOP_MB=50 -- leak-objects
until_true 30 uses_more_than 65000000
check "it is not watched" eval '! status "status.processes.some((p) => p.service === \"daemon-visit\" && p.state !== \"unwatched\")"'
./heapsnapd dump --no-copy --max-pause 60s "$(main_pid)" >/dev/null &
check "the limit is raised" until_true 20 is_lent 314572800
lent=$(limit)
check "it is captured" wait $!
check "by the daemon" has_record 'r.service === "daemon-visit" && r.state === "complete" && r.loan'
check "the limit comes back as far as it may" until_true 30 eval '! is_lent $((lent - 1))'
systemctl stop "$unit"

service 300M -- "$(run --no-agent --trigger rss=100G steady)"
check "beside run the command works alone" ./heapsnapd dump --no-copy "$(node_pid)"
check "and says so" record 'r.service === "daemon-visit" && r.requestedBy === "heapsnapd dump"'
systemctl stop "$unit"
check "nothing is left" until_true 30 nothing_of_ours
