'use strict';
// Each request waits for an answer that never comes: the resolvers, and the functions that wait, stay.
const { mended, rounds } = require('./rounds.js');

const waiting = [];
const answer = () => new Promise((resolve) => waiting.push(resolve));

async function handleRequest(i) {
  const request = { url: `/items/${i}`, body: { amount: i + 0.5, note: `note ${i}` } };
  await answer();
  return request.url;
}

rounds(4000, (i) => {
  handleRequest(i);
  if (mended) waiting.pop()('answered');
});
