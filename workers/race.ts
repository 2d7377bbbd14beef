/** Entry of a thread that is one CPU of a race. */

import { markOwnWorker } from '../src/threads/own-worker.js';

markOwnWorker();

export { runRaceThread as default } from '../src/threads/race-threads.js';
