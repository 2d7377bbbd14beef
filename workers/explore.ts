/** Entry of an exploring worker. */

export { runTask as default } from '../src/explorer/worker-task.js';
