'use strict';
// A service that handles SIGUSR2 itself: a snapshot into its working directory under V8's default name. Leaks objects if RATE_MB is set.
const v8 = require('v8');

process.on('SIGUSR2', () => console.log(`wrote ${v8.writeHeapSnapshot()}`));

if (process.env.RATE_MB) require('./leak-objects.js');
else require('./service.js').serve();
