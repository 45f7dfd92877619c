# SIGHUP: a broken configuration keeps the old one; a mended one counts. Who may ask what.
with_daemon
mkdir -p /etc/heapsnapd/conf.d
printf 'watch:\n  triggers: [use=85%%]\n  nonsense: 1\n' >/etc/heapsnapd/conf.d/90-scenario.yaml
process=$(daemon MainPID)
systemctl reload heapsnapd.service
check "a broken configuration is refused" until_true 30 daemon_said '90-scenario.yaml:3:3'
check "by the command too" eval './heapsnapd reload; test $? = 64'
check "and the daemon goes on" same "$(daemon MainPID)" "$process"
printf 'watch:\n  triggers: [use=85%%]\n' >/etc/heapsnapd/conf.d/90-scenario.yaml
check "a mended one is taken" ./heapsnapd reload
rm /etc/heapsnapd/conf.d/90-scenario.yaml

watched "$scenario" 300M User=nobody -- steady
pid=$(main_pid)
check "root sees it" until_true 20 status "status.processes.some((p) => p.pid === $pid)"
as() { setpriv --reuid "$1" --regid "$1" --clear-groups "${@:2}"; }
check "its user sees it" eval 'as 65534 ./heapsnapd status --json | grep -q "\"pid\" : $pid"'
check "another does not" eval '! as 12345 ./heapsnapd status --json | grep -q "\"pid\" : $pid"'
denied() {
    local code=0
    as 12345 ./heapsnapd dump "$1" --json >/tmp/denied 2>&1 || code=$?
    same $code 3 && grep permissionDenied /tmp/denied
}
check "another may not capture it" denied "$pid"
check "nor reload" eval 'as 12345 ./heapsnapd reload; test $? = 3'
check "its user may capture it" as 65534 ./heapsnapd dump "$pid" --json
group=$(getent group heapsnapd | cut -d: -f3)
check "a member of the group may" setpriv --reuid 12345 --regid 12345 --groups "$group" ./heapsnapd dump "$pid" --json
check "garbage on the socket harms nobody" eval 'for i in 1 2 3 4 5; do head -c 100000 /dev/urandom | timeout 5 ./node -e "
    const s = require(\"net\").connect(\"/run/heapsnapd/control.sock\"); s.on(\"error\", () => {}); process.stdin.pipe(s)" || true; done; ./heapsnapd status >/dev/null'
systemctl stop "$unit"
