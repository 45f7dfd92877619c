'use strict';
// Connections that are opened in a request and kept in a pool hold that request's store through their async context.
const { AsyncLocalStorage, AsyncResource } = require('async_hooks');
const { mended, rounds } = require('./rounds.js');

class RequestStore {
  constructor(i) {
    this.traceId = `trace-${i}`;
    this.body = { amount: i + 0.5, note: `note ${i}`, items: [i, `item ${i}`] };
  }
}

const requestStorage = new AsyncLocalStorage();
const idleConnections = [];

class Connection extends AsyncResource {
  constructor() {
    super('Connection');
  }
}

rounds(4000, (i) => {
  requestStorage.run(new RequestStore(i), () => {
    idleConnections.push(new Connection());
    if (mended && idleConnections.length > 20) idleConnections.shift();
  });
});
