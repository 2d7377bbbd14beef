/** The command line that shows a finding again, as a shell takes it. */

import { dirname } from 'node:path';
import { catalogModule } from '../explorer/build/modules.js';

/** A word as a POSIX shell reads it. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** Whether a scenario's file is one of the shipped catalogue, which a token alone names. */
export function isOfCatalogue(file: string): boolean {
  return dirname(file) === dirname(catalogModule('x')) || dirname(file) === systems();
}

const systems = (): string => dirname(catalogModule('system-enable-disable'));

/** `klp-smp replay TOKEN`, with the scenario's file where the token needs it. */
export function replayCommand(token: string, file: string, program = 'klp-smp'): string {
  return `${program} replay ${token}${isOfCatalogue(file) ? '' : ` --file ${shellWord(file)}`}`;
}
