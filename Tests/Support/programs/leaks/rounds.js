'use strict';
// node --expose-gc PROGRAM.js leaking|mended DIRECTORY: does its rounds, writes DIRECTORY/{1,2,3}.heapsnapshot (after warm-up, half, the end), exits.
const v8 = require('v8');
const path = require('path');

const [, , variant, directory] = process.argv;
exports.mended = variant === 'mended';

const turn = () => new Promise((resolve) => setImmediate(resolve));

const snapshot = async (name) => {
  for (let i = 0; i < 4; i++) {
    await turn();
    global.gc();
  }
  v8.writeHeapSnapshot(path.join(directory, `${name}.heapsnapshot`));
};

/** `round(i)`: one request, one tick; as often as given between two snapshots, a tenth of it to warm up. */
exports.rounds = async (count, round) => {
  let i = 0;
  const upTo = async (end) => {
    for (; i < end; i++) {
      await round(i);
      if (i % 50 === 0) await turn();
    }
  };
  await upTo(count / 10);
  await snapshot('0'); // the first one leaves things of its own behind
  await snapshot('1');
  await upTo(count);
  await snapshot('2');
  await upTo(2 * count);
  await snapshot('3');
  process.exit(0);
};
