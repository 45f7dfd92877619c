'use strict';
// Stand-in for a service that has loaded the npm module `heapdump` (a native add-on that cannot be had here): the same signal, the same
// file name heapdump-<sec>.<usec>.heapsnapshot in the working directory. Not the same: it is written by v8.writeHeapSnapshot.
const v8 = require('v8');
const { performance } = require('perf_hooks');

process.on('SIGUSR2', () => {
  const microseconds = Math.round((performance.timeOrigin + performance.now()) * 1000);
  const name = `heapdump-${Math.floor(microseconds / 1e6)}.${microseconds % 1e6}.heapsnapshot`;
  console.log(`wrote ${v8.writeHeapSnapshot(name)}`);
});

if (process.env.RATE_MB) require('./leak-objects.js');
else require('./service.js').serve();
