'use strict';
// usage: node write-snapshot.js FILE MEGABYTES   A snapshot of a heap of many small objects, to have a real file of a known kind.
const v8 = require('v8');
const cache = new Map();
const end = Number(process.argv[3]) * 1e6;
for (let id = 0; process.memoryUsage().heapUsed < end; ) {
  for (const stop = id + 5000; id < stop; id++) {
    cache.set(id, { id, path: `/items/${id}?trace=${id * 7919}`, headers: { host: 'shop.example', 'x-request-id': `r-${id}` }, parts: [id, id + 0.5, `part-${id}`] });
  }
}
v8.writeHeapSnapshot(process.argv[2]);
console.log(cache.size);
