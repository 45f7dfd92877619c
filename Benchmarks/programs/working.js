'use strict';
// A service at work that does not leak: keeps HEAP_MB of small objects, answers /health, replaces some of them at each request, as a cache does.
// /throughput: entries per second of a loop that allocates, of which the last 100,000 live on, so that the collector has something to move.
const fs = require('fs');
const http = require('http');

const entry = (id) => ({ id, path: `/items/${id % 500}`, headers: { host: 'shop.example', accept: 'text/html' }, parts: [id, id + 0.5] });
const kept = [];
for (const end = Number(process.env.HEAP_MB) * 1e6; process.memoryUsage().heapUsed < end; ) {
  const page = [];
  while (page.length < 1000) page.push(entry(kept.length * 1000 + page.length));
  kept.push(page);
}

let next = 0;
const replaceSome = () => {
  for (let count = 0; count < 50; count++, next += 7919) kept[next % kept.length][next % 1000] = entry(next);
};

const recent = new Array(100000).fill(null);
const throughput = () => {
  const began = process.hrtime.bigint();
  let made = 0;
  while (process.hrtime.bigint() - began < 1_000_000_000n) {
    for (let count = 0; count < 10000; count++, made++) recent[made % recent.length] = entry(made);
  }
  return made / (Number(process.hrtime.bigint() - began) / 1e9);
};

const server = http.createServer((request, response) => {
  if (request.url === '/throughput') return response.end(JSON.stringify(throughput()));
  replaceSome();
  response.end('{}');
});
server.keepAliveTimeout = 0; // no connection ends between two requests: a failed one is the capture's
server.listen(0, '127.0.0.1', () => {
  fs.writeFileSync(`${process.env.PORT_FILE}.new`, `${server.address().port}\n`);
  fs.renameSync(`${process.env.PORT_FILE}.new`, process.env.PORT_FILE);
});
