# The host goes down in the middle of a write: nothing half-written is taken for a snapshot, nothing of it stays, the daemon comes up by itself and captures.
if [ ! -e /host/rebooted ]; then
    with_daemon "$by_hand"
    NODE_FLAGS=--max-old-space-size=400 watched "$scenario" 300M Environment=STOP_MB=50 -- leak-objects
    until_true 30 uses_more_than 65000000
    ./heapsnapd dump --no-copy --max-pause 60s "$(main_pid)" >/tmp/dump 2>&1 &
    half_written() { # for less than a second
        local _
        for _ in $(seq 50); do
            find /var/cache/heapsnapd-reboot -name "*.heapsnapshot" -size +1M | grep . && return
            sleep 0.05
        done
        false
    }
    check "Node's file is half-written" until_true 60 half_written
    kill -STOP "$(main_pid)" # half-written it stays
    sync
    reboot_now
fi
store=/var/lib/heapsnapd
check "the daemon is there again" until_true 30 systemctl is-active heapsnapd.service
check "it answers" until_true 30 ./heapsnapd status
check "no snapshot is there" eval '! has_record "r.service === \"reboot\" && r.state === \"complete\""'
check "no loan is open" nothing_of_ours
port_file=/var/cache/heapsnapd-$scenario/port
rm -f "$port_file"
systemctl start "$unit"
check "the limit is the unit's" limit_is 314572800
until_true 30 test -s "$port_file"
sleep 3
check "what was half-written is told as that" until_true 60 has_record 'r.service === "reboot" && r.reason === "adopted" && r.state !== "complete"'
check "and is taken away" eval '! find /var/cache/heapsnapd-reboot -name "*.heapsnapshot" | grep .'
check "captured" ./heapsnapd dump "$(main_pid)"
