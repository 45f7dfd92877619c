# heapsnapd is killed in mid-loan: the service lives, the next command begins to settle, the one after its end finishes.
service 300M Environment=RATE_MB=40 Environment=STOP_MB=50 -- \
    "/payload/node --heapsnapshot-signal=SIGUSR2 --diagnostic-dir=/var/tmp /payload/programs/leak-objects.js"
until_true 30 uses_more_than 65000000
./heapsnapd dump --snapshot-dir "$store" "$(main_pid)" &
dump=$!
check "the limit is raised" until_true 20 is_lent 314572800
kill -9 $dump
wait $dump || true
check "the loan is open" test -n "$(find /run/heapsnapd/loans -type f)"
check "the service goes on" until_true 30 answers
lent=$(limit)
lowered() { # not for as long as Node may still write the snapshot that was asked for
    ./heapsnapd check "$(main_pid)" >/dev/null || true
    [ "$(limit)" -lt "$lent" ]
}
check "the next command lowers the limit" until_true 20 lowered
check "and kills nobody" answers
systemctl restart "$unit"
until_true 20 answers
./heapsnapd check "$(main_pid)" >/dev/null || true
check "after the restart the limit is the unit's" limit_is 314572800
check "nothing is left" nothing_of_ours
