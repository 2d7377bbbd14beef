/** Entry of an exploring worker. */

export { runTask as default } from '../src/campaign/worker-task.js';
