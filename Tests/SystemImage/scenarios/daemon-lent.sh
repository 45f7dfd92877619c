# What is lent to a service in mid-capture stays with it, whoever else comes to be watched.
with_daemon "$by_hand"
NODE_FLAGS=--max-old-space-size=400 watched "$scenario" 300M Environment=STOP_MB=50 -- leak-objects
until_true 30 uses_more_than 65000000
./heapsnapd dump --no-copy --max-pause 60s "$(main_pid)" >/dev/null &
check "the limit is raised" until_true 20 is_lent 314572800
lent=$(limit)
systemd-run --quiet --unit=neighbour /payload/node -e 'setInterval(() => {}, 1000)'
check "a neighbour comes, and is watched" until_true 20 daemon_said "^watching Node .* process $(systemctl show -P MainPID neighbour);"
stays_lent() {
    local _
    for _ in 1 2 3 4 5; do
        is_lent $((lent - 1)) || { limit; return 1; }
        sleep 0.2
    done
}
check "nothing is taken away in mid-capture" stays_lent
check "which goes on all the while" kill -0 $!
check "and ends well" wait $!
systemctl stop neighbour
check "then the limit comes back as far as it may" until_true 20 eval '! is_lent $((lent - 1))'
