/** Entry of a thread that is one CPU of a race. */

export { runRaceThread as default } from '../src/threads/race-threads.js';
