'use strict';
// Keeps every Buffer it makes: memory outside V8's heap, so that the cgroup's limit ends it, not V8's.
// RATE_MB per second (12); BURST megabytes at once at the start (0); STOP_MB: stop growing there.
const { serve, every, rateMB } = require('./service.js');

const kept = [];
// alloc(n, 1): filled, so that the pages are really touched; pieces of 64 KB, as a body parser would keep them.
const keep = (bytes) => {
  for (; bytes > 0; bytes -= 65536) kept.push(Buffer.alloc(Math.min(bytes, 65536), 1));
};

serve(() => ({ kept: kept.length }));
keep(Number(process.env.BURST || 0) * 1e6);
every(rateMB, keep);
