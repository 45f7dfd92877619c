# 200 short-lived node processes: the daemon neither grows nor fails.
with_daemon
process=$(daemon MainPID)
before=$(sed -n 's/^RssAnon:[[:space:]]*\([0-9]*\).*/\1/p' "/proc/$process/status")
for i in $(seq 1 20); do
    for j in $(seq 1 10); do ./node -e 'setTimeout(() => {}, 200 + Math.random() * 600)' & done
    wait
done
check "the same daemon runs" same "$(daemon MainPID)" "$process"
check "it answers" ./heapsnapd status
grown() { [ $(($(sed -n 's/^RssAnon:[[:space:]]*\([0-9]*\).*/\1/p' "/proc/$process/status") - before)) -lt 6000 ]; }
check "it has not grown by 6 MB" grown
check "nor by descriptors" eval 'test "$(ls /proc/$process/fd | wc -l)" -lt 100'
forgotten() { status 'status.processes.every((p) => p.service !== "node")'; }
check "they are forgotten" until_true 25 status 'status.processes.length < 3'
