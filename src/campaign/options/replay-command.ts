/** The command line that shows a finding again, as a shell takes it. */

import { dirname } from 'node:path';
import { proposalWord } from '../../catalog/proposals.js';
import { catalogModule } from '../../explorer/build/modules.js';

/** A word as a POSIX shell reads it. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** Whether a scenario's file is one of the shipped catalogue, which a token alone names. */
export function isOfCatalogue(file: string): boolean {
  return dirname(file) === dirname(catalogModule('x')) || dirname(file) === systems();
}

const systems = (): string => dirname(catalogModule('system-enable-disable'));

/** Settings of a token's session that the token does not contain. */
export interface ReplayedWith {
  /** File that replaces kernel functions. */
  readonly replace?: string | undefined;
  /** Bound on operations, where it was not the scenario's. */
  readonly steps?: number | undefined;
}

/** The part of a session's configuration that a token does not hold. */
export function boundsOf({ steps }: ReplayedWith): { steps?: number } {
  return steps === undefined ? {} : { steps };
}

/** `klp-smp replay TOKEN`, with the scenario's file and what else the token needs. */
export function replayCommand(token: string, file: string, given: ReplayedWith = {}): string {
  const { replace, steps } = given;
  const scenario = isOfCatalogue(file) ? '' : ` --file ${shellWord(file)}`;
  const changed = replace === undefined ? '' : ` --with ${shellWord(proposalWord(replace))}`;
  const bound = steps === undefined ? '' : ` --steps ${steps}`;
  return `klp-smp replay ${token}${scenario}${changed}${bound}`;
}
