# The Debian package: installed, started, upgraded, removed, purged.
same_status() { same "$(daemon StatusText)" "$1"; }
mkdir -p /etc/systemd/system/heapsnapd.service.d
printf '[Service]\nWatchdogSec=8\n' >/etc/systemd/system/heapsnapd.service.d/impatient.conf

check "installs" dpkg -i ./first.deb
check "is enabled" systemctl is-enabled heapsnapd.service heapsnapd.socket
check "is running" systemctl is-active heapsnapd.service heapsnapd.socket
check "systemd shows its status" until_true 30 same_status 'watching 0'
check "it answers on the socket that systemd opened" ./heapsnapd status
check "anybody may ask" same "$(stat -c %a /run/heapsnapd/control.sock /run/heapsnapd | xargs)" "666 755"
check "the store is root's" same "$(stat -c %a:%U /var/lib/heapsnapd)" 700:root
check "its group" getent group heapsnapd
check "texts of the journal" same "$(journalctl --list-catalog | grep -c 'heapsnapd')" 15
./systemd-probe event dbus.service
check "explained by journalctl -x" until_true 30 eval 'journalctl -x -t heapsnapd | grep -q "A heap snapshot of shop was taken"'
check "the units are right" systemd-analyze verify --man=no heapsnapd.service heapsnapd.socket heapsnapd-capture.slice heapsnapd@shop.service
check "the sandbox is tight" systemd-analyze security --no-pager --threshold=30 heapsnapd.service
check "finds its agent" eval '/usr/bin/heapsnapd run --service x --snapshot-dir /tmp/x -- /payload/node -e 0 2>&1 | grep -v "without the agent"'

process=$(daemon MainPID)
sleep 10
check "it feeds its watchdog" same "$(daemon MainPID)" "$process"
[ "$process" -gt 1 ] # 0 would be ourselves
kill -STOP "$process"
check "one that hangs is started anew" until_true 20 eval 'test "$(daemon NRestarts)" -ge 1'
check "and answers" until_true 30 ./heapsnapd status

printf 'COMMAND=/payload/node /payload/programs/steady.js\nPORT_FILE=/var/lib/heapsnapd-shop/port\n' >/etc/heapsnapd/shop.env
check "one service under run" systemctl start heapsnapd@shop.service
check "it works" until_true 20 test -s /var/lib/heapsnapd-shop/port
check "the daemon leaves it to run" eval "sleep 1; test \"\$(./heapsnapd status --json | grep -c heapsnapd-shop)\" = 0"
check "as a user of its own" test "$(ps -o uid= -p "$(systemctl show -P MainPID heapsnapd@shop.service)")" -gt 60000

until_true 30 systemctl is-active heapsnapd.service
process=$(daemon MainPID) shop=$(systemctl show -P MainPID heapsnapd@shop.service) socket=$(stat -c %i /run/heapsnapd/control.sock)
touch /var/lib/heapsnapd/stored
echo '# mine' >>/etc/heapsnapd/heapsnapd.yaml
check "upgrades" dpkg -i ./second.deb
check "the new one runs" until_true 30 systemctl is-active heapsnapd.service heapsnapd.socket
check "as a new process" test "$(daemon MainPID)" != "$process"
check "services under run go on" same "$(systemctl show -P MainPID heapsnapd@shop.service)" "$shop"
check "the socket stayed" same "$(stat -c %i /run/heapsnapd/control.sock)" "$socket"
check "what was configured stays" grep -q '# mine' /etc/heapsnapd/heapsnapd.yaml
check "what was stored stays" test -e /var/lib/heapsnapd/stored
systemctl stop heapsnapd@shop.service

check "is removed" dpkg -r heapsnapd
check "and stopped" eval '! systemctl is-active heapsnapd.service && ! systemctl is-active heapsnapd.socket'
check "snapshots and configuration stay" test -d /var/lib/heapsnapd -a -f /etc/heapsnapd/heapsnapd.yaml
rm /etc/heapsnapd/shop.env
check "is purged" dpkg -P heapsnapd
check "nothing is left" eval '! find /var/lib/heapsnapd /etc/heapsnapd /run/heapsnapd /etc/systemd/system/*.wants/heapsnapd* /usr/lib/heapsnapd | grep .'
rm -r /etc/systemd/system/heapsnapd.service.d
