/** `tr`, with GNU's sets and options. */

import { decodeBytesToUtf8 } from 'just-bash';
import { fails, ok, type Definition } from './command.js';

const ESCAPES: Readonly<Record<string, string>> = {
  ...{ a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v', '\\': '\\' },
};

const ALL = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join('');
const pick = (pattern: RegExp): string =>
  Array.from(ALL)
    .filter((c) => pattern.test(c))
    .join('');
const CLASSES: Readonly<Record<string, string>> = {
  alnum: pick(/[0-9A-Za-z]/),
  alpha: pick(/[A-Za-z]/),
  blank: '\t ',
  cntrl: pick(/[^ -~\x80-\xff]/),
  digit: pick(/\d/),
  graph: pick(/[!-~]/),
  lower: pick(/[a-z]/),
  print: pick(/[ -~]/),
  punct: pick(/[!-/:-@[-`{-~]/),
  space: '\t\n\v\f\r ',
  upper: pick(/[A-Z]/),
  xdigit: pick(/[0-9A-Fa-f]/),
};

/** One character of a set as it is written, and how many characters that takes. */
function characterAt(set: string, at: number): readonly [string, number] {
  if (set[at] !== '\\') return [set[at] ?? '', 1];
  const [octal] = /^[0-7]{1,3}/.exec(set.slice(at + 1)) ?? [];
  if (octal !== undefined)
    return [String.fromCharCode(parseInt(octal, 8) & 0xff), 1 + octal.length];
  const next = set[at + 1];
  return next === undefined ? ['\\', 1] : [ESCAPES[next] ?? next, 2];
}

/** The characters of a set; a list of one character is what is wrong with it. `[x*]` fills up to `size`. */
function expand(set: string, size: number): string[] | { readonly wrong: string } {
  const found: string[] = [];
  for (let at = 0; at < set.length;) {
    const rest = set.slice(at);
    const [whole, name] = /^\[:(\w*):\]/.exec(rest) ?? [];
    if (whole !== undefined) {
      const known = CLASSES[name ?? ''];
      if (known === undefined) return { wrong: `invalid character class '${name ?? ''}'` };
      found.push(...Array.from(known));
      at += whole.length;
      continue;
    }
    const [repeated, character = '', count = ''] = /^\[(\\?[^])\*(\d*)\]/.exec(rest) ?? [];
    if (repeated !== undefined) {
      const times = count === '' || Number(count) === 0 ? size - found.length : Number(count);
      const [c] = characterAt(character, 0);
      found.push(...Array.from({ length: Math.max(0, times) }, () => c));
      at += repeated.length;
      continue;
    }
    const [first, length] = characterAt(set, at);
    at += length;
    if (set[at] !== '-' || at + 1 >= set.length) {
      found.push(first);
      continue;
    }
    const [last, used] = characterAt(set, at + 1);
    if (last < first) {
      return {
        wrong: `range-endpoints of '${first}-${last}' are in reverse collating sequence order`,
      };
    }
    for (let c = first.charCodeAt(0); c <= last.charCodeAt(0); c++)
      found.push(String.fromCharCode(c));
    at += 1 + used;
  }
  return found;
}

const LONG: Readonly<Record<string, string>> = {
  ...{ '--complement': 'c', '--delete': 'd', '--squeeze-repeats': 's', '--truncate-set1': 't' },
};

/** Options by their letters, and the sets; a text: what is wrong. */
function parse(args: readonly string[]): { has: Set<string>; sets: string[] } | string {
  const has = new Set<string>();
  let i = 0;
  for (; i < args.length && /^-./.test(args[i] ?? ''); i++) {
    const arg = args[i] ?? '';
    if (arg === '--') {
      i++;
      break;
    }
    const letters = arg.startsWith('--') ? LONG[arg] : arg.slice(1).replace(/C/g, 'c');
    if (letters === undefined) return `unrecognized option '${arg}'`;
    for (const letter of letters) {
      if (!'cdst'.includes(letter)) return `invalid option -- '${letter}'`;
      has.add(letter);
    }
  }
  return { has, sets: args.slice(i) };
}

/** What is wrong with the number of sets. */
function countIsWrong({ has, sets }: { has: Set<string>; sets: string[] }): string | undefined {
  const needsTwo = !has.has('d') && !has.has('s');
  const [first, last] = [sets[0] ?? '', sets[sets.length - 1] ?? ''];
  if (sets.length === 0) return 'missing operand';
  if (sets.length === 1 && needsTwo) {
    return `missing operand after '${first}'\nTwo strings must be given when translating.`;
  }
  if (sets.length === 1 && has.has('d') && has.has('s')) {
    return `missing operand after '${first}'\nTwo strings must be given when both deleting and squeezing repeats.`;
  }
  const most = has.has('d') && !has.has('s') ? 1 : 2;
  if (sets.length <= most) return undefined;
  const hint =
    most === 1 ? '\nOnly one string may be given when deleting without squeezing repeats.' : '';
  return `extra operand '${sets[most] ?? last}'${hint}`;
}

/** The command. */
export const tr: Definition = async (args, ctx) => {
  const wrongly = (why: string, hint = false): ReturnType<Definition> =>
    Promise.resolve(fails(`tr: ${why}${hint ? "\nTry 'tr --help' for more information." : ''}`));
  const given = parse(args);
  if (typeof given === 'string') return wrongly(given, true);
  const wrong = countIsWrong(given);
  if (wrong !== undefined) return wrongly(wrong, true);
  const { has, sets } = given;
  let first = expand(sets[0] ?? '', 0);
  if ('wrong' in first) return wrongly(first.wrong);
  if (has.has('c')) {
    const without = new Set(first);
    first = Array.from(ALL).filter((c) => !without.has(c));
  }
  const second = sets[1] === undefined ? undefined : expand(sets[1], first.length);
  if (second !== undefined && 'wrong' in second) return wrongly(second.wrong);
  const isTranslating = !has.has('d') && second !== undefined;
  if (isTranslating && second.length === 0 && !has.has('t') && first.length > 0) {
    return wrongly('when not truncating set1, string2 must be non-empty');
  }
  const members = new Set(first);
  const targets = new Map<string, string>();
  if (isTranslating) {
    const last = second[second.length - 1] ?? '';
    for (const [i, c] of first.entries()) {
      const target = second[i] ?? (has.has('t') ? undefined : last);
      if (target !== undefined) targets.set(c, target);
    }
  }
  const squeezed = has.has('s') ? new Set(second ?? first) : new Set<string>();
  const isOther = (c: string): boolean => has.has('c') && c.charCodeAt(0) > 255;
  let out = '';
  for (const c of decodeBytesToUtf8(ctx.stdin)) {
    const isMember = members.has(c) || isOther(c);
    if (has.has('d') && isMember) continue;
    const shown =
      isTranslating && isMember
        ? (targets.get(c) ?? (isOther(c) ? second[second.length - 1] : undefined) ?? c)
        : c;
    if (squeezed.has(shown) && out.endsWith(shown)) continue;
    out += shown;
  }
  return ok(out);
};
