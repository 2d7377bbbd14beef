#!/usr/bin/env node
/** Entry of the `klp-smp` command: the list of commands, and nothing else. */

import { registerConformance } from './conformance.js';
import { registerLitmus } from './litmus.js';
import { buildProgram, runProgram, type RegisterCommand } from './program.js';
import { registerExplore } from './explore.js';
import { registerReplay } from './replay.js';
import { registerStress } from './stress.js';

const commands: readonly RegisterCommand[] = [
  registerStress,
  registerExplore,
  registerReplay,
  registerLitmus,
  registerConformance,
];

await runProgram(buildProgram(commands), process.argv.slice(2));
