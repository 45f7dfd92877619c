'use strict';
// The leak that Meteor's developers described in 2013: `unused` is never called, but what it uses (originLeakObject) stays in the context that it shares
// with leakMethod, so that each object holds the one before.
const { mended, rounds } = require('./rounds.js');

let leakObject = null;

const replaceLeakObject = (i) => {
  let originLeakObject = leakObject;
  const unused = () => {
    if (originLeakObject) return 'held';
  };
  leakObject = {
    longString: Buffer.alloc(4000, 97 + (i % 26)).toString('latin1') + i,
    leakMethod: () => 'leakMethod',
  };
  if (mended) originLeakObject = null;
};

rounds(400, replaceLeakObject);
