/** Entry of an exploring worker. */

import { markOwnWorker } from '../src/threads/own-worker.js';

markOwnWorker();

export { runTask as default } from '../src/campaign/work/worker-task.js';
