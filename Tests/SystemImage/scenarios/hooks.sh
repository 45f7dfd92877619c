# Hooks, as transient services: how they end, what they are given, and that nothing is left of them.
hook() { # NAME OUTCOME TIMEOUT COMMAND...
    local name=heapsnapd-hook-$1.service
    check "hook $1" same "$(./systemd-probe hook "$name" "${@:3}" 2>&1)" "$2"
    check "nothing is left of hook $1" same "$(systemctl show -P LoadState "$name")" not-found
}
# shellcheck disable=SC2016 # for the hook's own shell
hook good succeeded 10s /bin/sh -c 'echo "service is $HEAPSNAPD_SERVICE"; test "$(id -u)" = 0'
check "its output and environment" until_true 30 eval 'journalctl -t heapsnapd-hook -o cat | grep -qxF "service is a b%c\$d"'
check "in a unit of its own" eval 'journalctl -u heapsnapd-hook-good.service -o cat | grep -q "service is"'
hook bad 'exited(status: 3)' 10s /bin/sh -c 'exit 3'
# shellcheck disable=SC2016
hook killed 'killed(signal: 9)' 10s /bin/sh -c 'kill -9 $$'
hook slow timedOut 1s /bin/sleep 30
hook missing 'exited(status: 203)' 10s /nonexistent
hook greedy 'failed("oom-kill")' 20s /payload/node -e 'const all = []; while (true) all.push(Buffer.alloc(1e7, 1))'
