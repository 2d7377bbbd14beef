/** Entry of a litmus thread: runs the task it is given. */
export { runLitmusThread as default } from '../src/litmus/on-threads/worker.js';
