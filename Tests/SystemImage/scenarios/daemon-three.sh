# Three services leak at once: one capture at a time, the nearest limit first, none is killed.
with_daemon
for name in one two three; do
    watched "leak-$name" 300M Environment=RATE_MB=1 Environment=BURST=212 -- leak-buffers
done
for name in one two three; do
    check "$name is captured" until_true 60 daemon_captured "leak-$name"
    check "$name was not killed" grep -qx 'oom_kill 0' "/sys/fs/cgroup/system.slice/leak-$name.service/memory.events"
done
systemctl stop leak-one.service leak-two.service leak-three.service
check "no capture was refused for another" eval '! record "r.service.startsWith(\"leak-\") && r.refusal && r.refusal.code === \"busy\""'
