#!/usr/bin/env node
/** Entry of the `klp-smp` command: loads the one command that is wanted, and runs it. */

import { commandsFor } from './commands.js';
import { interrupts } from './interrupt.js';
import { buildProgram, runProgram } from './program.js';

// Loading takes a while; a Ctrl-C meanwhile is the command's to hear.
interrupts.listen();
const argv = process.argv.slice(2);
await runProgram(buildProgram(await commandsFor(argv)), argv);
