'use strict';
// A cache by user, in a Map of a module, without a limit.
const { mended, rounds } = require('./rounds.js');

class Session {
  constructor(i) {
    this.token = `token-${i}`;
    this.user = { id: i, name: `user ${i}`, roles: ['reader', `group-${i % 7}`] };
  }
}

const sessionCache = new Map();

rounds(4000, (i) => {
  sessionCache.set(`session:${i}`, new Session(i));
  if (mended && sessionCache.size > 100) sessionCache.delete(sessionCache.keys().next().value);
});
