/** Entry of a CPU's thread. */

import { runCpu } from '../src/threads/cpu-main.js';

export default runCpu;
