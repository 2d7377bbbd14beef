/** Stands for `node:timers` in explored programs. */

import { host } from './host.js';
import promises from './timers-promises.js';

export const {
  setTimeout,
  clearTimeout,
  setInterval,
  clearInterval,
  setImmediate,
  clearImmediate,
} = host.globals;

export { promises };
export default {
  ...{ setTimeout, clearTimeout, setInterval, clearInterval, setImmediate, clearImmediate },
  promises,
};
