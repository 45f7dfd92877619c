# Ten minutes of processes that come and go, captures, reloads and restarts: the daemon grows neither in memory nor in descriptors nor in threads.
# At most 800 s.
with_daemon
for name in a b c; do watched "soak-$name" 300M Restart=always -- steady; done
process=$(daemon MainPID)
anonymous() { sed -n 's/^RssAnon:[[:space:]]*\([0-9]*\).*/\1/p' "/proc/$process/status"; }
count() { find "/proc/$process/$1" -mindepth 1 -maxdepth 1 | wc -l; }
round() {
    for _ in $(seq 10); do ./node -e 'setTimeout(() => {}, 200 + Math.random() * 600)' & done
    # shellcheck disable=SC2046 # the pids of the ten
    wait $(jobs -p)
    systemctl restart "soak-$1.service"
    ./heapsnapd status >/dev/null
    systemctl reload heapsnapd.service
}
capture() { ./heapsnapd dump "$(systemctl show -P MainPID soak-c.service)" >/dev/null || echo "a capture was refused"; }
rounds=0
until [ $SECONDS -gt 600 ]; do
    for name in a b; do round $name; done
    rounds=$((rounds + 1))
    [ $((rounds % 4)) != 1 ] || capture
    # Warm: what libraries keep for later is there.
    [ $rounds != 8 ] || before="$(anonymous) $(count fd) $(count task)"
    [ $((rounds % 8)) != 0 ] || echo "     $SECONDS s: $((rounds * 20)) processes; $(anonymous) KiB, $(count fd) descriptors, $(count task) threads"
done
read -r memory descriptors threads <<<"$before"
check "the same daemon runs" same "$(daemon MainPID)" "$process"
check "no growth in memory: $memory to $(anonymous) KiB" test "$(anonymous)" -lt $((memory + 2048))
check "nor in descriptors: $descriptors to $(count fd)" test "$(count fd)" -le $((descriptors + 4))
check "nor in threads: $threads to $(count task)" test "$(count task)" -le $((threads + 2))
check "it answers" ./heapsnapd status
systemctl stop soak-a.service soak-b.service soak-c.service
