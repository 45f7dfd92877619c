'use strict';
// A service at work whose objects can be told apart: each Tagged has a string that no other ever had. 20,000 in an array, a Map and closures each; some are
// replaced and some added all the time, so that the collector moves and frees.
const { serve } = require('../../Tests/Support/programs/service.js');

let made = 0;
class Tagged {
  constructor() {
    this.tag = `tag-${made++}`;
    this.path = `/items/${made % 500}`;
    this.parts = [made, made + 0.5];
  }
}
const list = [], cache = new Map(), handlers = [];
const handler = () => {
  const held = new Tagged();
  return () => held.tag.length;
};
const grow = (count) => {
  for (; count > 0; count--) {
    list.push(new Tagged());
    cache.set(`key ${made}`, new Tagged());
    handlers.push(handler());
  }
};
grow(20000);
setInterval(() => {
  for (let count = 0; count < 20; count++) {
    list[Math.floor(Math.random() * list.length)] = new Tagged();
    handlers[Math.floor(Math.random() * handlers.length)] = handler();
    cache.delete(cache.keys().next().value);
  }
  grow(10);
}, 10);

serve();
