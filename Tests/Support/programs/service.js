'use strict';
// What the leak programs share: a small HTTP service and an honest rate.
const fs = require('fs');
const http = require('http');

const MB = 1e6;

/** Serves /health on 127.0.0.1; says `listening PORT` on stdout and, where $PORT_FILE is set, in that file (whole or not at all). */
exports.serve = (extra = () => ({})) => {
  const server = http.createServer((request, response) => {
    const found = request.url === '/health';
    const { rss, heapTotal, heapUsed, external } = process.memoryUsage();
    response.writeHead(found ? 200 : 404, { 'content-type': 'application/json' });
    response.end(JSON.stringify(found ? { pid: process.pid, rss, heapTotal, heapUsed, external, ...extra() } : { error: 'try /health' }) + '\n');
  });
  server.listen(Number(process.env.PORT || 0), '127.0.0.1', () => {
    const { port } = server.address();
    if (process.env.PORT_FILE) {
      fs.writeFileSync(`${process.env.PORT_FILE}.new`, `${port}\n`);
      fs.renameSync(`${process.env.PORT_FILE}.new`, process.env.PORT_FILE);
    }
    console.log(`listening ${port}`);
  });
};

/**
 * Calls `grow(bytes)` every 20 ms so that the sum follows RATE_MB megabytes (10^6) per second of time that the process really ran.
 * A step that comes up to 200 ms late is made up for; time lost beyond that (a pause for a snapshot) is not, else every pause would end in a jump.
 * STOP_MB ends the growth there: a heap of known size. REST_S: seconds before it begins.
 */
exports.every = (rateMB, grow) => {
  const stop = Number(process.env.STOP_MB || Infinity) * MB;
  let grown = 0;
  let last;
  const step = () => {
    const now = process.hrtime.bigint();
    const seconds = Math.min(Number(now - last) / 1e9, 0.2);
    last = now;
    const bytes = Math.min(Math.round(rateMB * MB * seconds), stop - grown);
    if (bytes > 0) grow(bytes);
    grown += Math.max(bytes, 0);
  };
  const begin = () => {
    last = process.hrtime.bigint();
    setInterval(step, 20);
  };
  setTimeout(begin, Number(process.env.REST_S || 0) * 1000);
};

exports.rateMB = Number(process.env.RATE_MB || 12);
