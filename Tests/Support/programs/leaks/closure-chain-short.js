'use strict';
// node --expose-gc closure-chain-short.js leaking|mended DIRECTORY: Meteor's leak as it was found, 24 rounds of it: the long strings are ropes that take
// no room, so that the chain is all there is to see. Writes DIRECTORY/{1,2,3}.heapsnapshot after 8, 16 and 24 rounds.
const v8 = require('v8');
const path = require('path');
const [, , variant, directory] = process.argv;

let originLeakObject = null;
function replaceLeakObject() {
  const previous = originLeakObject;
  // Never called, but it shares its context with leakMethod, which therefore keeps `previous`.
  const unused = function () {
    if (previous) console.log('hi');
  };
  originLeakObject = {
    longString: new Array(1000000).join('*'),
    leakMethod: function leakMethod() {
      console.log('someMessage');
    },
  };
  if (variant === 'mended') originLeakObject = null;
  return unused === undefined;
}

let rounds = 0;
setInterval(() => {
  replaceLeakObject();
  rounds++;
  if (rounds % 8 === 0) {
    global.gc();
    v8.writeHeapSnapshot(path.join(directory, `${rounds / 8}.heapsnapshot`));
  }
  if (rounds === 24) process.exit(0);
}, 5);
