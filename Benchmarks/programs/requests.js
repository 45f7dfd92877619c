'use strict';
// usage: node requests.js PORT RATE   RATE requests a second to 127.0.0.1:PORT, whether the ones before are answered or not, until SIGINT.
// Prints JSON: for each request [when it was due, ms until its answer or null]; "due" is CLOCK_MONOTONIC in ms. A late request counts from when it
// was due, so that a service that stands still does not hide behind the requests that were never sent. Without an answer after 10 s it has failed.
const http = require('http');

const [port, rate] = process.argv.slice(2).map(Number);
const agent = new http.Agent({ keepAlive: true, maxSockets: 64 });
const now = () => Number(process.hrtime.bigint()) / 1e6;
const outcomes = [];
let open = 0;

const ask = (due) => {
  open++;
  let timer;
  const end = (latency) => {
    if (timer === null) return;
    clearTimeout(timer);
    timer = null;
    outcomes.push([due, latency]);
    open--;
  };
  const request = http.get({ host: '127.0.0.1', port, path: '/health', agent }, (response) => {
    response.resume();
    response.on('end', () => end(response.statusCode === 200 ? now() - due : null));
  });
  request.on('error', () => end(null));
  timer = setTimeout(() => { end(null); request.destroy(); }, 10000);
};

let due = now();
const asking = setInterval(() => {
  for (; due <= now(); due += 1000 / rate) ask(due);
}, 1);

process.on('SIGINT', () => {
  clearInterval(asking);
  const closing = setInterval(() => {
    if (open > 0) return;
    clearInterval(closing);
    process.stdout.write(JSON.stringify(outcomes), () => process.exit(0));
  }, 10);
});
