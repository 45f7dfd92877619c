'use strict';
// A request cache that nobody empties: many small objects in V8's heap. RATE_MB per second of heap (12); STOP_MB: stop growing there.
const v8 = require('v8');
const vm = require('vm');
const { serve, every, rateMB } = require('./service.js');

// Each string is an object of its own, but of 500 values, and the cache is made of small maps: Node 18 and 20.18 take time quadratic in the number of
// distinct strings of a snapshot, to which every index of a large array adds one. Node 20.18 takes 0.08 CPU s/MB for any size so; with distinct strings
// in one map it took 0.15 at 96 MB and 0.5 at 169 MB, which no capture in place can afford.
class CachedRequest {
  constructor(id) {
    const item = id % 500;
    this.id = id;
    this.path = `/items/${item}?trace=${item * 7919}`;
    this.headers = { host: 'shop.example', accept: 'application/json', 'x-request-id': `r-${item}` };
    this.parts = [id, id + 0.5, `part-${item}`];
  }
}

const requestCache = [];
let next = 0;

const keep = () => {
  if (next % 1000 === 0) requestCache.push(new Map());
  requestCache[requestCache.length - 1].set(next, new CachedRequest(next));
  next++;
};

/** Bytes that one entry keeps, counted by V8 itself between two collections: the size differs between versions. */
const bytesPerEntry = (() => {
  v8.setFlagsFromString('--expose-gc');
  const collect = vm.runInNewContext('gc');
  const used = () => (collect(), process.memoryUsage().heapUsed);
  const sample = 20000;
  const before = used();
  for (const end = next + sample; next < end; ) keep();
  return Math.max((used() - before) / sample, 100);
})();

serve(() => ({ entries: next }));
every(rateMB, (bytes) => {
  for (const end = next + bytes / bytesPerEntry; next < end; ) keep();
});
