'use strict';
// Does not leak: CHURN_MB per second (20) of short-lived objects, of which the last HOLD_MB (20) are held, as a bounded cache would.
const { serve, every } = require('./service.js');

const pieceBytes = 64 * 1024;
const ring = new Array(Math.ceil((Number(process.env.HOLD_MB || 20) * 1e6) / pieceBytes));
let next = 0;

serve();
every(Number(process.env.CHURN_MB || 20), (bytes) => {
  // A packed array of doubles takes eight bytes per element in V8's heap.
  for (; bytes > 0; bytes -= pieceBytes) ring[next++ % ring.length] = new Array(pieceBytes / 8).fill(0.5);
});
