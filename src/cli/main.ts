#!/usr/bin/env node
/** Entry of the `klp-smp` command: loads the one command that is wanted, and runs it. */

import { interrupts } from './interrupt.js';

// Loading takes a while; a Ctrl-C that comes meanwhile is handed to the command.
interrupts.load();
const argv = process.argv.slice(2);
const { commandsFor } = await import('./commands.js');
const { buildProgram, runProgram } = await import('./program.js');
await runProgram(buildProgram(await commandsFor(argv)), argv);
