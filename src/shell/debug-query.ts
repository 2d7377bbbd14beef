/** Commands of dynamic debug: pairs of what is meant, then the flags, and what the kernel's log says of those that are none. */

/** Words that a command may have. */
const MOST_WORDS = 9;

/** Which sites are meant, and what becomes of their flags. */
export interface Query {
  readonly file?: string;
  readonly fn?: string;
  readonly module?: string;
  readonly format?: string;
  /** First and last line; a last one of 0: up to the end. */
  readonly lines?: { readonly first: number; readonly last: number };
  readonly op: string;
  readonly flags: readonly string[];
}

/** Lines that the log shows about a command that is refused. */
export type Complaint = readonly string[];

/** The words of a command, quoted or not.
 * @kernel ddebug_tokenize, lib/dynamic_debug.c (v6.1) */
function wordsOf(command: string): string[] | string {
  const words: string[] = [];
  let rest = command.trimStart();
  while (rest !== '' && !rest.startsWith('#')) {
    const quote = /^["']/.exec(rest)?.[0];
    const body = quote === undefined ? rest : rest.slice(1);
    const end = quote === undefined ? body.search(/\s|$/) : body.indexOf(quote);
    if (end < 0) return `unclosed quote: ${body}`;
    if (words.length === MOST_WORDS) return `too many words, legal max <=${MOST_WORDS}`;
    words.push(body.slice(0, end));
    rest = body.slice(quote === undefined ? end : end + 1).trimStart();
  }
  return words;
}

/** `+p`, `-p`, `=_`.
 * @kernel ddebug_parse_flags, lib/dynamic_debug.c (v6.1) */
function flagsIn(word: string, letters: string): Pick<Query, 'op' | 'flags'> | string {
  const [op = ''] = word;
  if (!['+', '-', '='].includes(op)) return `bad flag-op ${op}, at start of ${word}`;
  const flags = Array.from(word.slice(1));
  const unknown = flags.find((flag) => flag !== '_' && !letters.includes(flag));
  if (unknown !== undefined) return `unknown flag '${unknown}'`;
  return { op, flags: flags.filter((flag) => flag !== '_') };
}

/** `N`, `N-`, `-N` or `N-M`.
 * @kernel parse_linerange, lib/dynamic_debug.c (v6.1) */
function linesIn(word: string): Query['lines'] | string {
  const at = word.indexOf('-');
  const numbers = at < 0 ? [word] : [word.slice(0, at), word.slice(at + 1)];
  const bad = numbers.find((text) => !/^\+?\d*$/.test(text) || text === '+');
  if (bad !== undefined) return `bad line-number: ${bad}`;
  const [first = 0, last = first] = numbers.map(Number);
  if (last !== 0 && last < first) return `last-line:${last} < 1st-line:${first}`;
  return { first, last: at < 0 ? first : last };
}

const KEYWORDS: Readonly<Record<string, 'file' | 'fn' | 'module' | 'format' | 'lines'>> = {
  file: 'file',
  func: 'fn',
  module: 'module',
  format: 'format',
  line: 'lines',
};

/** @kernel ddebug_parse_query, lib/dynamic_debug.c (v6.1) */
function specsIn(words: readonly string[]): Omit<Query, 'op' | 'flags'> | string {
  if (words.length % 2 !== 0) return 'expecting pairs of match-spec <value>';
  const specs: Record<string, unknown> = {};
  for (let i = 0; i < words.length; i += 2) {
    const [keyword = '', value = ''] = words.slice(i, i + 2);
    const field = Object.hasOwn(KEYWORDS, keyword) ? KEYWORDS[keyword] : undefined;
    if (field === undefined) return `unknown keyword "${keyword}"`;
    const before = specs[field];
    if (field === 'lines') {
      if (before !== undefined) return 'match-spec: line used 2x';
      const lines = linesIn(value);
      if (typeof lines === 'string') return lines;
      specs[field] = lines;
    } else if (before !== undefined) {
      return `match-spec:${keyword} val:${before as string} overridden by ${value}`;
    } else {
      const [name = '', tail] = field === 'file' ? value.split(/:(.*)/s, 2) : [value];
      specs[field] = name;
      // `file NAME:FUNCTION` and `file NAME:LINES` say two things in one word.
      const more =
        tail === undefined ? {} : specsIn([/^[a-z*?]/i.test(tail) ? 'func' : 'line', tail]);
      if (typeof more === 'string') return more;
      Object.assign(specs, more);
    }
  }
  return specs;
}

/**
 * A command as the kernel reads it: its words, then the flags, then what is meant.
 *
 * @param letters flags that the release knows
 * @returns the query, or the lines about what is wrong with it
 * @kernel ddebug_exec_query, lib/dynamic_debug.c (v6.1)
 */
export function parseQuery(command: string, letters: string): Query | Complaint {
  const words = wordsOf(command);
  if (typeof words === 'string') return [words, 'tokenize failed'];
  const flags = flagsIn(words.pop() ?? '', letters);
  if (typeof flags === 'string') return [flags, 'flags parse failed'];
  const specs = specsIn(words);
  return typeof specs === 'string' ? [specs, 'query parse failed'] : { ...specs, ...flags };
}
