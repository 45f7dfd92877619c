'use strict';
// A service at work: answers requests, keeps HEAP_MB (40) alive and replaces it all the time (old-space churn), two workers that do the same with a tenth,
// and the thread pool is never without something to do.
const crypto = require('crypto');
const { isMainThread, Worker } = require('worker_threads');
const { serve } = require('./service.js');

class Entry {
  constructor(id) {
    this.id = id;
    this.name = `entry ${id % 500}`;
    this.parts = [id, id + 0.5, { of: id }];
  }
}

const bytes = Number(process.env.HEAP_MB || 40) * 1e6 * (isMainThread ? 1 : 0.1);
const kept = new Array(Math.ceil(bytes / 200));
for (let at = 0; at < kept.length; at++) kept[at] = new Entry(at);
let next = 0;
const churn = () => {
  for (let count = 0; count < kept.length / 100; count++) {
    kept[next] = new Entry(next);
    next = (next + 1) % kept.length;
  }
};

if (isMainThread) {
  for (let count = 0; count < 2; count++) new Worker(__filename);
  setInterval(churn, 5);
  const pool = () => crypto.pbkdf2('heap', 'snap', 2000, 32, 'sha256', () => setTimeout(pool, 2));
  pool();
  serve();
} else {
  setInterval(churn, 5);
}
