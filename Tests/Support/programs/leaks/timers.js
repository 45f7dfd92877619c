'use strict';
// Each request starts a timer that is never cleared.
const { mended, rounds } = require('./rounds.js');

rounds(4000, (i) => {
  const request = { url: `/items/${i}`, body: { amount: i + 0.5, note: `note ${i}` } };
  const timer = setInterval(function pollStatus() {
    return request.url;
  }, 3600000);
  if (mended) clearInterval(timer);
});
