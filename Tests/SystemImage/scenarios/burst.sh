# 500 MB/s: how far behind the threshold the capture begins, without any kernel threshold to wake us.
service 1G Environment=RATE_MB=500 -- "$(run --trigger use=60% leak-buffers)"
check "captured" until_true 30 complete
# "use 615 MiB of 1 GiB (60.04%) crossed 60%; growth 106 MiB/s, …": what it had grown beyond, by the rate that Node really reached.
# From the percentage: a hundredth is 0.1 MiB, the whole MiB before it would tell a crossing by 0.1 MiB as one before the threshold.
late=$(complete '/\(([\d.]+)%\).*growth ([\d.]+) MiB/.exec(r.detail).slice(1).reduce((share, rate) => Math.round(1000 * (share - 60) / 100 * 1024 / rate))')
check "seen $late ms after the threshold" test "$late" -ge 0 -a "$late" -lt 200
echo "     $(complete r.detail)"
