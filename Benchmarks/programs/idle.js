'use strict';
// A service at rest: answers /health and does nothing else.
require('../../Tests/Support/programs/service.js').serve();
