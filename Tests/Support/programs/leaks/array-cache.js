'use strict';
// Results are kept in an array that nobody empties.
const { mended, rounds } = require('./rounds.js');

class SearchResult {
  constructor(i) {
    this.query = `term ${i}`;
    this.hits = [i, i + 0.5, { title: `hit ${i}`, score: i / 7 }];
  }
}

const recentResults = [];

rounds(4000, (i) => {
  recentResults.push(new SearchResult(i));
  if (mended && recentResults.length > 100) recentResults.shift();
});
