# What systemd tells of its units, and what it is told: structured entries in the journal, readiness, watchdog, stored descriptors.
./systemd-probe changes probe-unit.service >/run/changes &
until_true 30 grep -q listening /run/changes
systemd-run --quiet --unit=probe-unit true
check "the stream ends where we are done" wait $!
check "told of the unit" grep -qxF 'loaded(unit: "probe-unit.service")' /run/changes
check "told of its start" grep -qxF 'jobEnded(unit: "probe-unit.service", result: "done")' /run/changes
./systemd-probe changes never.service >/run/changes &
until_true 30 grep -q listening /run/changes
systemctl daemon-reload
check "a reload does not end it" eval "sleep 1; kill -0 $!"
systemctl daemon-reexec
check "a new systemd does" until_true 30 grep -qx ended /run/changes

./systemd-probe event dbus.service
entry() { journalctl MESSAGE_ID=bdd8009115554c5a81b5d79cc1dde2c6 -o json | tail -n 1; }
check "an event with its id" until_true 30 eval 'journalctl -t heapsnapd MESSAGE_ID=bdd8009115554c5a81b5d79cc1dde2c6 -o cat | grep -q "event of the probe"'
check "and its fields" eval 'entry | ./node -e "
    const e = JSON.parse(require(\"fs\").readFileSync(0));
    process.exit(e.HEAPSNAPD_SERVICE === \"shop\" && e.HEAPSNAPD_SNAPSHOT && e.PRIORITY === \"5\" ? 0 : 1)"'
check "shown with the unit that it is about" eval 'journalctl -u dbus.service -o cat | grep -q "event of the probe"'

service 300M -- "$(run steady)"
check "run speaks as heapsnapd in the journal" until_true 30 eval 'journalctl -t heapsnapd -u "$unit" -o cat | grep -q "^watching Node"'

said() { journalctl -u probe-notify.service -o cat | grep -qxF "$1"; }
systemd-run --quiet --unit=probe-notify -p Type=notify -p WatchdogSec=4 -p FileDescriptorStoreMax=8 -p Restart=always -p RestartSec=1 /payload/systemd-probe service
check "given its watchdog" until_true 30 said 'given: [] watchdog 4s'
check "it took it out of its environment" said 'environment is clean: true'
check "its status is shown" same "$(systemctl show -P StatusText probe-notify.service)" probing
touch /run/hang
check "started anew when it hangs" until_true 20 eval 'test "$(systemctl show -P NRestarts probe-notify.service)" -ge 1'
rm /run/hang
check "and given back what it had stored" until_true 30 said 'given: ["kept"] watchdog 4s'
systemctl stop probe-notify.service
