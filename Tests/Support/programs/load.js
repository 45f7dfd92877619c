'use strict';
// Requests without pause on four connections to 127.0.0.1:PORT until SIGINT; then prints JSON: how many were answered, in which time, their latencies in
// ms, and what failed.
const http = require('http');

const agent = new http.Agent({ keepAlive: true, maxSockets: 4 });
const latencies = [];
const failures = [];
const start = process.hrtime.bigint();
let isOver = false;

const ask = () => {
  if (isOver) return;
  const began = process.hrtime.bigint();
  const request = http.get({ host: '127.0.0.1', port: Number(process.argv[2]), path: '/health', agent, timeout: 10000 }, (response) => {
    response.resume();
    response.on('end', () => {
      latencies.push(Number(process.hrtime.bigint() - began) / 1e6);
      if (response.statusCode !== 200) failures.push(`status ${response.statusCode}`);
      setImmediate(ask);
    });
  });
  request.on('timeout', () => request.destroy(new Error('no answer within 10 s')));
  request.on('error', (error) => {
    if (isOver) return;
    failures.push(error.message);
    setTimeout(ask, 10);
  });
};
for (let count = 0; count < 4; count++) ask();

process.on('SIGINT', () => {
  isOver = true;
  latencies.sort((a, b) => a - b);
  const at = (share) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] || 0;
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  console.log(JSON.stringify({ answered: latencies.length, seconds, p50: at(0.5), p99: at(0.99), max: at(1), failures }));
  process.exit(0);
});
