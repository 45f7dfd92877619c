# The store's disk is full: a record says so, nothing half-written stays, the service and the daemon go on; with room again the next one succeeds.
with_daemon
systemctl stop heapsnapd.service
mount -t tmpfs -o size=40m,mode=700 none /var/lib/heapsnapd
systemctl start heapsnapd.service
watched "$scenario" 300M -- steady
until_true 20 status 'status.processes.some((p) => p.service === "daemon-full" && p.agent)'
pid=$(main_pid)
head -c 39500k /dev/zero >/var/lib/heapsnapd/filler
check "a capture fails by its exit code" eval './heapsnapd dump "$pid"; code=$?; echo "exit $code"; test $code != 0 -a $code != 64'
check "nothing half-written stays" eval '! find /var/lib/heapsnapd -name "*.heapsnapshot*" | grep .'
check "answers" answers
check "the daemon goes on" ./heapsnapd status
rm /var/lib/heapsnapd/filler
check "with room again it succeeds" ./heapsnapd dump "$pid"
systemctl stop "$unit" heapsnapd.service
umount /var/lib/heapsnapd
