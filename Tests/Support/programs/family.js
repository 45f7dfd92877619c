'use strict';
// A large process with a small child that leaks into a heap limit of its own, dies of it, and is not started again: the watched process goes on.
const { fork } = require('child_process');
const { serve } = require('./service.js');

if (process.argv[2] === 'child') {
  require('./leak-objects.js');
} else {
  exports.ballast = Buffer.alloc(300e6, 1);
  serve();
  setTimeout(() => {
    const child = fork(__filename, ['child'], {
      execArgv: [...process.execArgv, '--max-old-space-size=30'],
      env: { ...process.env, PORT_FILE: '', RATE_MB: '200' },
    });
    console.log(`child ${child.pid}`);
    child.on('exit', (code, signal) => console.log(`child ended: ${signal || code}`));
  }, 3000);
}
