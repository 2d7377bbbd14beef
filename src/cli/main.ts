#!/usr/bin/env node
/** Entry of the `klp-smp` command: the list of commands, and nothing else. */

import { registerAblate } from './ablate.js';
import { registerBench } from './bench.js';
import { registerCompare } from './compare.js';
import { registerConformance } from './conformance.js';
import { registerExplore } from './explore.js';
import { registerHistory } from './history.js';
import { registerKernelCoverage } from './kernel-coverage.js';
import { registerLatent } from './latent.js';
import { registerLitmus } from './litmus.js';
import { registerOrderings } from './orderings.js';
import { buildProgram, runProgram, type RegisterCommand } from './program.js';
import { registerReplay } from './replay.js';
import { registerStress } from './stress.js';
import { registerVerify } from './verify.js';

const commands: readonly RegisterCommand[] = [
  registerStress,
  registerExplore,
  registerReplay,
  registerCompare,
  registerVerify,
  registerOrderings,
  registerAblate,
  registerHistory,
  registerLatent,
  registerLitmus,
  registerConformance,
  registerBench,
  registerKernelCoverage,
];

await runProgram(buildProgram(commands), process.argv.slice(2));
