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

/** `klp-smp replay TOKEN`, with the scenario's file, and the one that replaces kernel functions, where the token needs them. */
export function replayCommand(token: string, file: string, replace?: string): string {
  const scenario = isOfCatalogue(file) ? '' : ` --file ${shellWord(file)}`;
  const changed = replace === undefined ? '' : ` --with ${shellWord(replace)}`;
  return `klp-smp replay ${token}${scenario}${changed}`;
}
