'use strict';
// Leaks RATE_MB per second of small objects in one synchronous loop: after it has listened it never returns to the event loop.
const { serve, rateMB } = require('../../Tests/Support/programs/service.js');

const bytesPerEntry = 200; // 24.19.0, heapUsed between two collections: entry, its strings and array
const kept = [];
const leak = () => {
  const began = Date.now();
  for (;;) {
    const due = ((Date.now() - began) / 1000) * rateMB * 1e6;
    while (kept.length * bytesPerEntry < due) kept.push({ id: kept.length, path: `/items/${kept.length % 500}`, parts: [kept.length, 0.5] });
  }
};

serve();
setTimeout(leak, 3000);
