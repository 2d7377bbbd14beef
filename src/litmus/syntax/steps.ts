/** A thread as a list of steps with jumps, and what a branch decides: the steps up to where its two sides meet again. */
import type {
  Expression,
  IfStatement,
  Instruction,
  LitmusTest,
  LitmusThread,
  SourceSpan,
  Statement,
} from './ast.js';
import { hasJumps } from './walk.js';

/** How often a loop goes back unless told otherwise, where what it read decides; see {@link Jump}. */
export const DEFAULT_UNROLL = 4;

/** How often a loop goes back at most that depends on nothing that was read. */
const FREE_ROUNDS = 256;

/** Go on at `target` if the condition is false. Writes from here to `join` depend on it; `join` is past the end if the two
 * sides never meet. */
export interface Branch {
  readonly kind: 'branch';
  readonly condition: Expression;
  readonly target: number;
  readonly join: number;
  readonly at: SourceSpan;
}

/** Go on at `target`: further on, or back to the beginning of a loop, `rounds` times at most. */
export interface Jump {
  readonly kind: 'jump';
  readonly target: number;
  readonly rounds: number;
  readonly at: SourceSpan;
}

/** An instruction, a branch or a jump. */
export type Step =
  { readonly kind: 'instruction'; readonly instruction: Instruction } | Branch | Jump;

/** A step beyond the end of every thread. */
const NEVER = Number.MAX_SAFE_INTEGER;

interface OpenJump {
  readonly kind: 'goto';
  readonly label: number;
  readonly at: SourceSpan;
}

type OpenStep = Step | OpenJump;

const compiled = new WeakMap<LitmusThread, { unroll: number; steps: readonly Step[] }>();

/** How often the loops of a test go back at most, where what they read decides. */
export function unrollOf({ unroll }: LitmusTest): number {
  return unroll ?? DEFAULT_UNROLL;
}

/** The steps of thread `thread` of a test. */
export function stepsOf(test: LitmusTest, thread: number): readonly Step[] {
  const source = test.threads[thread];
  if (source === undefined) return [];
  const unroll = unrollOf(test);
  const known = compiled.get(source);
  if (known?.unroll === unroll) return known.steps;
  const steps = compile(source, unroll);
  compiled.set(source, { unroll, steps });
  return steps;
}

/** Has some thread a loop? */
export function hasLoops(test: LitmusTest): boolean {
  return test.threads.some((_, t) =>
    stepsOf(test, t).some((step, i) => step.kind === 'jump' && step.target <= i),
  );
}

function compile({ body }: LitmusThread, unroll: number): readonly Step[] {
  const open: OpenStep[] = [];
  const labels = new Map<number, number>();
  flatten(body, open, labels);
  const steps = open.map((step, from): Step => {
    if (step.kind !== 'goto') return step;
    const target = labels.get(step.label) ?? open.length;
    const rounds = target <= from ? FREE_ROUNDS : NEVER;
    return { kind: 'jump', target, rounds, at: step.at };
  });
  if (!hasJumps(body)) return steps;
  const joined = withJoins(steps);
  return withRounds(joined, unroll);
}

function flatten(body: readonly Statement[], open: OpenStep[], labels: Map<number, number>): void {
  for (const statement of body) {
    if (statement.kind === 'if') flattenIf(statement, open, labels);
    else if (statement.kind === 'label') labels.set(statement.label, open.length);
    else if (statement.kind === 'goto') open.push(statement);
    else open.push({ kind: 'instruction', instruction: statement });
  }
}

/** A branch over `then`, whose end jumps over `otherwise`. */
function flattenIf(statement: IfStatement, open: OpenStep[], labels: Map<number, number>): void {
  const { condition, then, otherwise, at } = statement;
  const branch = open.length;
  open.push({ kind: 'branch', condition, target: 0, join: 0, at });
  flatten(then, open, labels);
  const over = open.length;
  if (otherwise.length > 0) open.push({ kind: 'jump', target: 0, rounds: NEVER, at });
  const target = open.length;
  flatten(otherwise, open, labels);
  const end = open.length;
  if (otherwise.length > 0) open[over] = { kind: 'jump', target: end, rounds: NEVER, at };
  open[branch] = { kind: 'branch', condition, target, join: end, at };
}

function successors(step: Step | undefined, index: number): number[] {
  if (step?.kind === 'jump') return [step.target];
  return step?.kind === 'branch' ? [index + 1, step.target] : [index + 1];
}

/** Give each branch the place where its sides meet whatever is taken: its immediate postdominator. */
function withJoins(steps: readonly Step[]): Step[] {
  const end = steps.length;
  const all = new Set([...steps.keys(), end]);
  const after: Set<number>[] = Array.from({ length: end }, () => all);
  after.push(new Set([end]));
  for (let changed = true; changed;) {
    changed = false;
    for (let i = end - 1; i >= 0; i--) {
      const [first = all, ...others] = successors(steps[i], i).map((s) => after[s] ?? all);
      const common = new Set([...first].filter((n) => others.every((set) => set.has(n))));
      common.add(i);
      if (common.size === after[i]?.size) continue;
      after[i] = common;
      changed = true;
    }
  }
  return steps.map((step, i) => {
    if (step.kind !== 'branch') return step;
    // Of the steps that follow in any case, the nearest is the one that all the others follow.
    const strict = [...(after[i] ?? [])].filter((n) => n !== i);
    const join = strict.find((n) => strict.every((other) => after[n]?.has(other) === true));
    return { ...step, join: after[i] === all ? NEVER : (join ?? NEVER) };
  });
}

/** Registers whose value may rest on what was read, by data or by a branch. */
function readRegisters(steps: readonly Step[]): ReadonlySet<number> {
  const tainted = new Set<number>();
  const uses = (e: Expression): boolean =>
    e.kind === 'register'
      ? tainted.has(e.register)
      : e.kind === 'binary' && (uses(e.left) || uses(e.right));
  for (let before = -1; before !== tainted.size;) {
    before = tainted.size;
    steps.forEach((step, i) => {
      if (step.kind !== 'instruction' || !('into' in step.instruction)) return;
      const { instruction } = step;
      const decided = steps.some(
        (b, at) => b.kind === 'branch' && at < i && i < b.join && uses(b.condition),
      );
      const computed = instruction.kind === 'assign' && !uses(instruction.value);
      if (!computed || decided) tainted.add(instruction.into);
    });
  }
  return tainted;
}

/** Bound the loops that depend on what was read, and those that nothing ends. */
function withRounds(steps: readonly Step[], unroll: number): Step[] {
  const tainted = readRegisters(steps);
  const uses = (e: Expression): boolean =>
    e.kind === 'register'
      ? tainted.has(e.register)
      : e.kind === 'binary' && (uses(e.left) || uses(e.right));
  return steps.map((step, from) => {
    if (step.kind !== 'jump' || step.target > from) return step;
    const within = steps.slice(step.target, from);
    const branches = within.filter((s) => s.kind === 'branch');
    const counted = branches.length > 0 && branches.every((b) => !uses(b.condition));
    return counted ? step : { ...step, rounds: unroll };
  });
}

/** How often each loop has gone back, by the index of its jump. */
export type Rounds = ReadonlyMap<number, number>;

/** No loop has. */
export const NO_ROUNDS: Rounds = new Map();

/** Take the jump at `from`; null if its loop may go back no more. Loops inside begin anew. */
export function takeJump({ target, rounds }: Jump, from: number, taken: Rounds): Rounds | null {
  if (target > from) return taken;
  const round = (taken.get(from) ?? 0) + 1;
  if (round > rounds) return null;
  const outside = [...taken].filter(([at]) => at < target || at > from);
  return new Map([...outside, [from, round]]);
}
