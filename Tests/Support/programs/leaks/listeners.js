'use strict';
// Each request listens to one long-lived emitter, and does not stop when it is done.
const { EventEmitter } = require('events');
const { mended, rounds } = require('./rounds.js');

const configuration = new EventEmitter();
configuration.setMaxListeners(0);

rounds(4000, (i) => {
  const request = { url: `/items/${i}`, body: { amount: i + 0.5, note: `note ${i}` } };
  const onConfigurationChange = () => request.url;
  configuration.on('change', onConfigurationChange);
  if (mended) configuration.off('change', onConfigurationChange);
});
