'use strict';
// A primary and two workers that share one port. The workers are the Node processes that matter: WORKER (leak-objects.js) names what they
// run, RATE_MB applies to the first one only, so that one of them is the larger.
const cluster = require('cluster');

if (cluster.isPrimary || cluster.isMaster) {
  const rate = process.env.RATE_MB || '0';
  for (const mb of [rate, '0']) {
    const worker = cluster.fork({ RATE_MB: mb, PORT_FILE: mb === rate ? process.env.PORT_FILE || '' : '' });
    console.log(`worker ${worker.process.pid}`);
  }
  cluster.on('exit', (worker, code, signal) => {
    console.log(`worker ${worker.process.pid} ended: ${signal || code}`);
    process.exit(code || 1);
  });
  for (const signal of ['SIGTERM', 'SIGINT']) {
    process.on(signal, () => {
      cluster.removeAllListeners('exit');
      for (const id in cluster.workers) cluster.workers[id].process.kill(signal);
      process.exit(0);
    });
  }
} else {
  require(process.env.WORKER || './leak-objects.js');
}
