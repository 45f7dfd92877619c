'use strict';
// A request cache that nobody empties: many small objects in V8's heap. RATE_MB per second of heap (12); STOP_MB: stop growing there.
const v8 = require('v8');
const vm = require('vm');
const { serve, every, rateMB } = require('./service.js');

class CachedRequest {
  constructor(id) {
    this.id = id;
    this.path = `/items/${id}?trace=${id * 7919}`;
    this.headers = { host: 'shop.example', accept: 'application/json', 'x-request-id': `r-${id}` };
    this.parts = [id, id + 0.5, `part-${id}`];
  }
}

const requestCache = new Map();
let next = 0;

/** Bytes that one entry keeps, counted by V8 itself between two collections: the size differs between versions. */
const bytesPerEntry = (() => {
  v8.setFlagsFromString('--expose-gc');
  const collect = vm.runInNewContext('gc');
  const used = () => (collect(), process.memoryUsage().heapUsed);
  const sample = 20000;
  const before = used();
  for (const end = next + sample; next < end; next++) requestCache.set(next, new CachedRequest(next));
  return Math.max((used() - before) / sample, 100);
})();

serve(() => ({ entries: requestCache.size }));
every(rateMB, (bytes) => {
  for (const end = next + bytes / bytesPerEntry; next < end; next++) requestCache.set(next, new CachedRequest(next));
});
