'use strict';
// Log lines are parsed, and the same few texts are kept again and again, each as a string of its own.
const { mended, rounds } = require('./rounds.js');

const logLines = [];
const known = new Map();

rounds(4000, (i) => {
  // Made at run time, so that V8 does not see that it has it already.
  const text = Buffer.from(`connection reset by peer while reading the response of upstream number ${i % 5}, `.repeat(6)).toString('latin1');
  if (mended) known.set(text, text);
  else logLines.push(text);
});
