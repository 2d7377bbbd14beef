/** The words whose values are bands beside the lanes: patch states, flags, transition state, stacks of functions. */

import type { Recording } from '../../explorer/findings/recording.js';
import { TASK, TIF_PATCH_PENDING } from '../../kernel/task.js';

/** A word whose values are worth a column of their own. */
export interface Band {
  readonly addr: number;
  readonly title: string;
  /** What its values mean; others are shown as they are. */
  readonly meanings: Readonly<Record<number, string>>;
  /** A letter for each of them. */
  readonly marks: Readonly<Record<number, string>>;
  /** Only this bit of the word matters. */
  readonly bit?: number;
}

const SIDES = { [-1]: 'undefined', 0: 'unpatched', 1: 'patched' } as const;

const SIDE_MARKS = { [-1]: '?', 0: 'u', 1: 'p' } as const;
const FLAG_MARKS = { 0: '0', 1: '1' } as const;

/** Words by what their names end with. Order is that of the columns. */
const KINDS: readonly {
  readonly name: RegExp;
  readonly title: (owner: string) => string;
  readonly meanings: Readonly<Record<number, string>>;
  readonly marks: Readonly<Record<number, string>>;
  readonly bit?: number;
  /** Offset in a task, to find its name. */
  readonly field?: number;
}[] = [
  {
    name: /^klp\.targetState$/,
    title: () => 'klp_target_state',
    meanings: SIDES,
    marks: SIDE_MARKS,
  },
  {
    name: /\.transition$/,
    title: (owner) => `${owner} transition`,
    meanings: { 0: 'settled', 1: 'in transition' },
    marks: FLAG_MARKS,
  },
  { name: /\.funcStack\[0\]$/, title: (owner) => `${owner} top of stack`, meanings: {}, marks: {} },
  {
    name: /\.patchState$/,
    title: (owner) => `${owner} patch_state`,
    meanings: SIDES,
    marks: SIDE_MARKS,
    field: TASK.patchState,
  },
  {
    name: /\.tiFlags$/,
    title: (owner) => `${owner} TIF_PATCH_PENDING`,
    meanings: { 0: 'clear', 1: 'pending' },
    marks: FLAG_MARKS,
    bit: TIF_PATCH_PENDING,
    field: TASK.tiFlags,
  },
];

/** The bands of a recording: words of the tasks that execute, and of livepatch, that changed. */
export function bandsOf({ words, steps, tasks }: Recording): Band[] {
  const changed = new Set(
    steps.flatMap((s) => (s.newest === words[s.addr]?.initial ? [] : s.addr)),
  );
  return KINDS.flatMap(({ name, title, meanings, marks, bit, field }) =>
    Object.entries(words).flatMap(([key, word]): Band[] => {
      const addr = Number(key);
      if (!name.test(word.name) || !changed.has(addr)) return [];
      const task = field === undefined ? undefined : tasks.find((t) => t.addr === addr - field);
      if (field !== undefined && task === undefined) return [];
      const owner = task?.name ?? word.name.replace(/\.[^.]*$/, '');
      return [
        { addr, title: title(owner), meanings, marks, ...(bit === undefined ? {} : { bit }) },
      ];
    }),
  );
}
