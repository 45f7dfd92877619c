# The room Systemd: hooks as transient services, changes of units, structured entries in the journal.
probe() { ./systemd-probe "$@"; }
hook() { # NAME OUTCOME TIMEOUT COMMAND...
    local name=heapsnapd-hook-$1.service
    check "hook $1" same "$(probe hook "$name" "${@:3}" 2>&1)" "$2"
    check "nothing is left of hook $1" same "$(systemctl show -P LoadState "$name")" not-found
}
# shellcheck disable=SC2016 # for the hook's own shell
hook good succeeded 10s /bin/sh -c 'echo "service is $HEAPSNAPD_SERVICE"; test "$(id -u)" = 0'
check "its output and environment" until_true 5 eval 'journalctl -t heapsnapd-hook -o cat | grep -qxF "service is a b%c\$d"'
check "in a unit of its own" eval 'journalctl -u heapsnapd-hook-good.service -o cat | grep -q "service is"'
hook bad 'exited(status: 3)' 10s /bin/sh -c 'exit 3'
# shellcheck disable=SC2016
hook killed 'killed(signal: 9)' 10s /bin/sh -c 'kill -9 $$'
hook slow timedOut 1s /bin/sleep 30
hook missing 'exited(status: 203)' 10s /nonexistent
hook greedy 'failed("oom-kill")' 20s /bin/sh -c 'tail -c 1G /dev/zero'

probe changes probe-unit.service >/run/changes &
until_true 5 grep -q listening /run/changes
systemd-run --quiet --unit=probe-unit true
check "the stream ends where we are done" wait $!
check "told of the unit" grep -qxF 'loaded(unit: "probe-unit.service")' /run/changes
check "told of its start" grep -qxF 'jobEnded(unit: "probe-unit.service", result: "done")' /run/changes
probe changes never.service >/run/changes &
until_true 5 grep -q listening /run/changes
systemctl daemon-reload
check "a reload does not end it" eval "sleep 1; kill -0 $!"
systemctl daemon-reexec
check "a new systemd does" until_true 10 grep -qx ended /run/changes

probe event dbus.service
entry() { journalctl MESSAGE_ID=bdd8009115554c5a81b5d79cc1dde2c6 -o json | tail -n 1; }
check "an event with its id" until_true 5 eval 'journalctl -t heapsnapd MESSAGE_ID=bdd8009115554c5a81b5d79cc1dde2c6 -o cat | grep -q "event of the probe"'
check "and its fields" eval 'entry | ./node -e "
    const e = JSON.parse(require(\"fs\").readFileSync(0));
    process.exit(e.HEAPSNAPD_SERVICE === \"shop\" && e.HEAPSNAPD_SNAPSHOT && e.PRIORITY === \"5\" ? 0 : 1)"'
check "shown with the unit that it is about" eval 'journalctl -u dbus.service -o cat | grep -q "event of the probe"'

service 300M -- "$(run steady)"
check "run speaks as heapsnapd in the journal" until_true 10 eval 'journalctl -t heapsnapd -u "$unit" -o cat | grep -q "^watching Node"'
