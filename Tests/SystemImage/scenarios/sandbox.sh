# What the daemon's sandbox allows: captures of another user's service. While there is no `heapsnapd daemon`, the probe stands in for it, and the captures
# are made by the unit's ExecReload=, which has the same sandbox.
mkdir -p /etc/systemd/system/heapsnapd.service.d
printf '[Service]\nExecStart=\nExecStart=/payload/systemd-probe service\n' >/etc/systemd/system/heapsnapd.service.d/stand-in.conf
dpkg -i ./first.deb >/dev/null

mkdir -p "/etc/systemd/system/$unit.d"
cp /usr/share/heapsnapd/node-service.conf.example "/etc/systemd/system/$unit.d/heapsnapd.conf"
port_file=/var/cache/heapsnapd-$scenario/port
service 500M User=nobody PrivateTmp=yes "Environment=PORT_FILE=$port_file" -- "/payload/node /payload/programs/steady.js"
check "the example's flags" eval 'tr "\0" "\n" <"/proc/$(main_pid)/environ" | grep "NODE_OPTIONS=.*/var/cache/heapsnapd-$scenario .*agent.node"'
for engine in "" "--no-copy --max-pause 60s"; do
    printf '[Service]\nExecReload=\nExecReload=/usr/bin/heapsnapd dump %s %s\n' "$engine" "$(main_pid)" >/etc/systemd/system/heapsnapd.service.d/dump.conf
    systemctl daemon-reload
    check "captured from inside the sandbox${engine:+, in place}" eval 'systemctl reload heapsnapd.service || { journalctl -u heapsnapd.service -n 20 -o cat; false; }'
done
check "two snapshots are complete" same "$(/usr/bin/heapsnapd list | grep -c ' complete ')" 2
check "the service's directory is empty" same "$(find /var/cache/heapsnapd-$scenario -name '*.heapsnapshot')" ""
check "answers" answers

systemctl stop "$unit"
dpkg -P heapsnapd >/dev/null 2>&1
rm -r /etc/systemd/system/heapsnapd.service.d "/etc/systemd/system/$unit.d"
