# 500 MB/s: how far behind the threshold the capture begins, without any kernel threshold to wake us.
service 1G Environment=RATE_MB=500 -- "$(run --trigger use=60% leak-buffers)"
check "captured" until_true 30 complete
# "use 615 MiB of 1 GiB (60.04%) crossed 60%; growth 106 MiB/s, …": what it had grown beyond, by the rate that Node really reached.
late=$(complete '/use ([\d.]+) MiB.*growth ([\d.]+) MiB/.exec(r.detail).slice(1).reduce((use, rate) => Math.round(1000 * (use - 614.4) / rate))')
check "seen $late ms after the threshold" test "$late" -ge 0 -a "$late" -lt 200
echo "     $(complete r.detail)"
