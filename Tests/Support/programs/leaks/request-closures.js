'use strict';
// Callbacks that are kept for later hold the request that they were made in.
const { mended, rounds } = require('./rounds.js');

class IncomingRequest {
  constructor(i) {
    this.url = `/items/${i}`;
    this.headers = { host: 'shop.example', 'x-request-id': `r-${i}` };
    this.body = { amount: i + 0.5, note: `note ${i}` };
  }
}

const afterResponse = [];

rounds(4000, (i) => {
  const request = new IncomingRequest(i);
  afterResponse.push(function logRequest() {
    return request.url;
  });
  if (mended) afterResponse.shift();
});
