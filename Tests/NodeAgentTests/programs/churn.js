// A service with a 40 MB heap whose old objects are replaced without pause, two workers that do the same, and zlib and pbkdf2 in the
// thread pool for each request. Says `ready` and its port.
'use strict';
const http = require('http');
const zlib = require('zlib');
const crypto = require('crypto');
const { Worker, isMainThread } = require('worker_threads');

function churner(count) {
    const make = i => ({ i, list: [i, i + 1], text: 'key' + (i % 1000) });
    const live = Array.from({ length: count }, (_, i) => make(i));
    let random = 1;
    return replacements => {
        for (let i = 0; i < replacements; i++) {
            random = (Math.imul(random, 1103515245) + 12345) & 0x7fffffff;
            live[random % count] = make(random);
        }
    };
}

if (isMainThread) {
    const churn = churner(240000);
    const server = http.createServer((request, response) => {
        churn(2000);
        zlib.gzip(Buffer.alloc(20000, 1), () => crypto.pbkdf2('a', 'b', 50, 32, 'sha1', () => response.end('ok')));
    });
    server.keepAliveTimeout = 120000;  // the test's own clients pause while it reads a snapshot
    for (let i = 0; i < 2; i++) new Worker(__filename);
    setInterval(() => churn(20000), 2);
    server.listen(0, '127.0.0.1', () => console.log('ready\n' + server.address().port));
} else {
    const churn = churner(20000);
    setInterval(() => churn(20000), 5);
}
