# As a container's pid 1: a pid namespace of its own.
service 300M Environment=RATE_MB=1.5 Environment=BURST=200 -- "/usr/bin/unshare --pid --fork --mount-proc --kill-child $(run leak-buffers)"
check "it is pid 1" same "$(grep -h NSpid "/proc/$(pgrep -f '^/payload/heapsnapd run')/status" | awk '{ print $NF }')" 1
check "captured" until_true 30 complete
check "answers" answers
kill -TERM "$(node_pid)"
check "ends with the service's code" until_true 30 has_ended
