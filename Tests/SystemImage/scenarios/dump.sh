# heapsnapd dump from outside on the Node of a unit.
service 300M Environment=STOP_MB=10 -- "/payload/node --heapsnapshot-signal=SIGUSR2 --diagnostic-dir=/var/tmp /payload/programs/leak-objects.js"
sleep 2
check "captured" ./heapsnapd dump --snapshot-dir "$store" "$(main_pid)"
check "of that unit" same "$(complete 'r.host.unit')" "$unit"
check "called after it" same "$(complete 'r.service')" "$scenario"
check "answers" answers
check "no loan is left" nothing_of_ours
