/** Entry of a thread that executes a selftest under one schedule of the explorer after the other. */

import { markOwnWorker } from '../src/threads/own-worker.js';

markOwnWorker();

export { runSchedule as default } from '../src/shell/schedule.js';
