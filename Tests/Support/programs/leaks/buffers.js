'use strict';
// Chunks of uploads are kept: the memory is outside of V8's heap.
const { mended, rounds } = require('./rounds.js');

const uploadChunks = [];

rounds(400, (i) => {
  uploadChunks.push(Buffer.alloc(16384, i));
  if (mended && uploadChunks.length > 10) uploadChunks.shift();
});
