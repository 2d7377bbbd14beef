/** Entry of a thread that executes a program over SharedArrayBuffers for real, or observes those that do. */

import { workerData } from 'node:worker_threads';
import { runAgent } from '../src/javascript/threads/agent.js';
import type { AgentTask, ObserverTask } from '../src/javascript/threads/messages.js';
import { runObserver } from '../src/javascript/threads/observer.js';
import { markOwnWorker } from '../src/threads/own-worker.js';

markOwnWorker();

const task = workerData as AgentTask | ObserverTask;
await (task.role === 'agent' ? runAgent(task) : runObserver(task));
