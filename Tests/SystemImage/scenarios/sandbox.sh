# What the daemon's sandbox allows: captures of another user's service, by copy and in place.
with_daemon
mkdir -p "/etc/systemd/system/$unit.d"
cp /usr/share/heapsnapd/node-service.conf.example "/etc/systemd/system/$unit.d/heapsnapd.conf"
port_file=/var/cache/heapsnapd-$scenario/port
service 500M User=nobody PrivateTmp=yes "Environment=PORT_FILE=$port_file" -- "/payload/node /payload/programs/steady.js"
check "the example's flags" eval 'tr "\0" "\n" <"/proc/$(main_pid)/environ" | grep "NODE_OPTIONS=.*/var/cache/heapsnapd-$scenario .*agent.node"'
pid=$(main_pid)
for engine in "" "--no-copy --max-pause 60s"; do
    # shellcheck disable=SC2086 # words
    check "captured from inside the sandbox${engine:+, in place}" ./heapsnapd dump $engine "$pid"
done
check "two snapshots are complete" same "$(./heapsnapd list | grep "$scenario" | grep -c ' complete ')" 2
check "the service's directory is empty" same "$(find /var/cache/heapsnapd-$scenario -name '*.heapsnapshot')" ""
check "answers" answers

systemctl stop "$unit"
