'use strict';
// node --expose-gc PROGRAM.js leaking|mended DIRECTORY: does its rounds, writes DIRECTORY/{1,2,3}.heapsnapshot (after warm-up, half, the end), exits.
const v8 = require('v8');
const path = require('path');

const [, , variant, directory] = process.argv;
exports.mended = variant === 'mended';

// No async functions here: what is on the stack while a snapshot is written looks held by it.
const snapshot = (name, then, collections = 4) => {
  global.gc();
  if (collections > 0) return setImmediate(snapshot, name, then, collections - 1);
  v8.writeHeapSnapshot(path.join(directory, `${name}.heapsnapshot`));
  setImmediate(then);
};

/** `round(i)`: one request, one tick; as often as given between two snapshots, a tenth of it to warm up. */
exports.rounds = (count, round) => {
  let next = 0;
  const upTo = (end, then) => {
    const tick = () => {
      for (let i = 0; i < 50 && next < end; i++) round(next++);
      setImmediate(next < end ? tick : then);
    };
    tick();
  };
  // The very first snapshot leaves things of its own behind.
  upTo(count / 10, () =>
    snapshot('0', () =>
      snapshot('1', () => upTo(count, () => snapshot('2', () => upTo(2 * count, () => snapshot('3', () => process.exit(0))))))));
};
