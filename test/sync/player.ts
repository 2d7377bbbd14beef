/** Entry of a test worker: plays its part and returns. */

import { workerData } from 'node:worker_threads';
import { roles, type Part } from './roles.js';

const { role, stage, threadId } = workerData as Part;
roles[role](stage, threadId);
