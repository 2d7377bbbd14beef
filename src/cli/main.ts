#!/usr/bin/env node
/** Entry of the `klp-smp` command: the list of commands, and nothing else. */

import { buildProgram, runProgram, type RegisterCommand } from './program.js';

const commands: readonly RegisterCommand[] = [];

await runProgram(buildProgram(commands), process.argv.slice(2));
