'use strict';
const { EventEmitter } = require('node:events');
module.exports = async function (data) {
  const target = new EventEmitter();
  const log = new Int32Array(data.log);
  let at = 1;
  target.write = (text) => {
    for (const c of text) Atomics.store(log, at++, c.charCodeAt(0));
    Atomics.store(log, 0, at - 1);
    return true;
  };
  target.end = () => {
    target.emit('close');
  };
  return target;
};
