/** Signals by name and number. */

/** Signals by number, from 1. */
const NAMES = (
  'HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT ' +
  'CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS'
).split(' ');
/** Real-time signals are from 34 to 64. */
const RT = { first: 34, last: 64 };

/** Name of a signal without SIG; empty: there is none. */
export function nameOf(n: number): string {
  const plain = NAMES[n - 1];
  if (plain !== undefined) return plain;
  if (n < RT.first || n > RT.last) return '';
  if (n === RT.first) return 'RTMIN';
  if (n === RT.last) return 'RTMAX';
  const half = (RT.first + RT.last) / 2;
  return n <= half ? `RTMIN+${n - RT.first}` : `RTMAX-${RT.last - n}`;
}

/** Number of a signal's name or number; undefined: it is none. */
export function signalOf(text: string): number | undefined {
  if (/^\d+$/.test(text)) return Number(text) <= RT.last ? Number(text) : undefined;
  const name = text.toUpperCase().replace(/^SIG/, '');
  if (name === 'EXIT') return 0;
  const at = NAMES.indexOf(name);
  if (at >= 0) return at + 1;
  for (let n = RT.first; n <= RT.last; n++) if (nameOf(n) === name) return n;
  return undefined;
}

/** All signals, five in a line. */
export function signalTable(): string {
  const all = Array.from({ length: RT.last }, (_, i) => i + 1).filter((n) => nameOf(n) !== '');
  return all
    .map((n, i) => {
      const isLast = i % 5 === 4 || i === all.length - 1;
      return `${String(n).padStart(2)}) SIG${nameOf(n)}${isLast ? '\n' : '\t'}`;
    })
    .join('');
}
