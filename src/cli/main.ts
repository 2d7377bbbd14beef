#!/usr/bin/env node
/** Entry of the `klp-smp` command: the list of commands, and nothing else. */

import { registerKernelCoverage } from './kernel-coverage.js';
import { buildProgram, runProgram, type RegisterCommand } from './program.js';
import { registerStress } from './stress.js';

const commands: readonly RegisterCommand[] = [registerKernelCoverage, registerStress];

await runProgram(buildProgram(commands), process.argv.slice(2));
