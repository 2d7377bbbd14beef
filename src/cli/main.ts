#!/usr/bin/env node
/** Entry of the `klp-smp` command: the list of commands, and nothing else. */

import { runCli, type RegisterCommand } from './program.js';

const commands: readonly RegisterCommand[] = [];

await runCli(process.argv.slice(2), commands);
