# 500 MB/s: how far behind the threshold the capture begins, without any kernel threshold to wake us.
service 1G Environment=RATE_MB=500 -- "$(run --trigger use=60% leak-buffers)"
check "captured" until_true 30 complete
late=$(complete 'Math.round((parseFloat(/use ([\d.]+) MiB/.exec(r.detail)[1]) * 2 ** 20 - 0.6 * r.host.limit) / 5e5)')
check "seen $late ms after the threshold" test "$late" -ge 0 -a "$late" -lt 200
echo "     $(complete r.detail)"
