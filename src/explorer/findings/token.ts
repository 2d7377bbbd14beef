/** Tokens: one short printable word that holds a finding; reproduces it on any machine and version of Node. */

import { createHash } from 'node:crypto';
import { UsageError } from '../../errors.js';
import { SITE_COUNT } from '../../memory/sites.js';
import { ByteReader, ByteWriter } from './bytes.js';
import type { MemoryKind } from '../engine/explorer-memory.js';
import type { Choice, Schedule, Switch } from '../engine/schedule.js';

/**
 * Version of the format, the first thing in every token. Recorded schedules do not survive a change of it. Since 2 a sleep
 * ends by a wake-up, and waking is an operation.
 */
const TOKEN_VERSION = 2;

const PREFIX = `klp${TOKEN_VERSION}.`;
const CHECK_BYTES = 3;
const MEMORIES: readonly MemoryKind[] = ['sc', 'lkmm', 'js'];

/** What a token holds. */
export interface TokenContents {
  /** Name of the scenario. */
  readonly scenario: string;
  /** Fingerprint of the code it was found in: eight hexadecimal digits. */
  readonly fingerprint: string;
  readonly memory: MemoryKind;
  readonly ablated: readonly number[];
  /** Kernel functions that were replaced. */
  readonly replaced: readonly string[];
  readonly schedule: Schedule;
  /** Hash of the execution's trace, an unsigned 32-bit integer. */
  readonly hash: number;
}

/** Print a finding. */
export function encodeToken(contents: TokenContents): string {
  const out = new ByteWriter();
  out.text(contents.scenario);
  out.fixed(Number.parseInt(contents.fingerprint, 16));
  out.fixed(contents.hash);
  out.number(MEMORIES.indexOf(contents.memory));
  out.list(contents.ablated, (site) => out.number(site));
  out.list(contents.schedule.switches, ({ cpu, at, to }) => {
    out.number(at * 32 + cpu + 1);
    out.number(to);
  });
  out.list(contents.schedule.choices, ({ cpu, step, index, value }) => {
    out.number(step * 32 + cpu);
    out.number(index * 16 + Math.min(value, 15));
    if (value >= 15) out.number(value);
  });
  if (contents.replaced.length > 0) out.list(contents.replaced, (name) => out.text(name));
  const body = Buffer.from(out.bytes);
  return PREFIX + Buffer.concat([body, checkOf(body)]).toString('base64url');
}

/**
 * Read a token.
 *
 * @throws UsageError saying what is wrong with it
 */
export function decodeToken(token: string): TokenContents {
  const body = bodyOf(token.trim());
  try {
    return contentsOf(new ByteReader(body));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new UsageError(`the token is damaged: ${error.message}`);
  }
}

function bodyOf(token: string): Buffer {
  const version = /^klp(\d+)\./.exec(token)?.[1];
  if (version === undefined) {
    throw new UsageError(`'${token.slice(0, 40)}' is not a token: one begins with ${PREFIX}`);
  }
  if (Number(version) !== TOKEN_VERSION) {
    throw new UsageError(
      `the token has format ${version}; this version reads format ${TOKEN_VERSION}`,
    );
  }
  const text = token.slice(PREFIX.length);
  const bytes = Buffer.from(text, 'base64url');
  const body = bytes.subarray(0, -CHECK_BYTES);
  const intact =
    bytes.toString('base64url') === text &&
    bytes.length > CHECK_BYTES &&
    checkOf(body).equals(bytes.subarray(-CHECK_BYTES));
  if (!intact) throw new UsageError('the token is damaged: its check digits do not fit');
  return body;
}

function checkOf(body: Buffer): Buffer {
  return createHash('sha256').update(body).digest().subarray(0, CHECK_BYTES);
}

function contentsOf(input: ByteReader): TokenContents {
  const scenario = input.text();
  const fingerprint = input.fixed().toString(16).padStart(8, '0');
  const hash = input.fixed();
  const memory = MEMORIES[input.number()];
  if (memory === undefined) throw new RangeError('it names an unknown memory');
  const ablated = input.list(() => input.number());
  if (memory !== 'js' && ablated.some((site) => site < 1 || site > SITE_COUNT)) {
    throw new RangeError('it names an unknown ordering site');
  }
  const switches = input.list(() => readSwitch(input));
  const choices = input.list(() => readChoice(input));
  const replaced = input.isAtEnd ? [] : input.list(() => input.text());
  return {
    scenario,
    fingerprint,
    hash,
    memory,
    ablated,
    replaced,
    schedule: { switches, choices },
  };
}

function readSwitch(input: ByteReader): Switch {
  const packed = input.number();
  return { cpu: (packed % 32) - 1, at: Math.floor(packed / 32), to: input.number() };
}

function readChoice(input: ByteReader): Choice {
  const at = input.number();
  const packed = input.number();
  const small = packed % 16;
  const value = small === 15 ? input.number() : small;
  return { cpu: at % 32, step: Math.floor(at / 32), index: Math.floor(packed / 16), value };
}
