/** Finds the fences that a verdict rests on: each is taken out or weakened alone, and the test is checked again. */
import type { Instruction, LitmusTest, SourceSpan, Statement } from '../syntax/ast.js';
import { type MemoryModel, modelOf } from '../model.js';
import { instructionsOf } from '../syntax/walk.js';
import { checkLitmus } from '../axioms/checker.js';

/** A change of one ordering instruction. */
export interface Weakening {
  readonly thread: number;
  readonly at: SourceSpan;
  /** What is done, such as `without smp_wmb()` or `smp_load_acquire() as READ_ONCE()`. */
  readonly change: string;
  readonly test: LitmusTest;
}

interface Replacement {
  readonly change: string;
  /** Null takes the instruction out. */
  readonly by: Instruction | null;
}

function weaker(instruction: Instruction): Replacement | null {
  const call = instruction.at.text.replace(/^[^(]*[^=!<>(]=\s*(?!=)/, '');
  switch (instruction.kind) {
    case 'fence':
      return instruction.fence === 'barrier' ? null : { change: `without ${call}`, by: null };
    case 'synchronize-rcu':
    case 'synchronize-srcu':
      return { change: `without ${call}`, by: null };
    case 'load':
      if (instruction.order !== 'acquire') return null;
      return { change: `${call} as READ_ONCE()`, by: { ...instruction, order: 'once' } };
    case 'store':
      if (instruction.order !== 'release') return null;
      return { change: `${call} as WRITE_ONCE()`, by: { ...instruction, order: 'once' } };
    case 'rmw':
    case 'cmpxchg':
      if (instruction.order === 'relaxed' || instruction.order === 'void') return null;
      return { change: `${call} as its _relaxed form`, by: { ...instruction, order: 'relaxed' } };
    default:
      return null;
  }
}

/** `statements` with `target` replaced, wherever it is nested. */
function replaced(
  statements: readonly Statement[],
  targets: ReadonlySet<Statement>,
  by: Instruction | null,
): Statement[] {
  return statements.flatMap((statement): Statement[] => {
    if (targets.has(statement)) return by === null ? [] : [by];
    if (statement.kind !== 'if') return [statement];
    const then = replaced(statement.then, targets, by);
    return [{ ...statement, then, otherwise: replaced(statement.otherwise, targets, by) }];
  });
}

/** The test with the instructions `targets` of one thread replaced. */
function withChange(
  test: LitmusTest,
  thread: number,
  targets: readonly Statement[],
  by: Instruction | null,
): LitmusTest {
  const set = new Set(targets);
  const threads = test.threads.map((t, i) =>
    i === thread ? { ...t, body: replaced(t.body, set, by) } : t,
  );
  return { ...test, threads };
}

/** Every way to take out or weaken one fence, acquire, release, grace period or read-side critical section. */
function weakenings(test: LitmusTest): Weakening[] {
  return test.threads.flatMap(({ body }, thread) => {
    const instructions = [...instructionsOf(body)];
    const single = instructions.flatMap((instruction): Weakening[] => {
      const replacement = weaker(instruction);
      if (replacement === null) return [];
      const { change, by } = replacement;
      return [
        { thread, at: instruction.at, change, test: withChange(test, thread, [instruction], by) },
      ];
    });
    return [...single, ...sectionRemovals(test, thread, instructions)];
  });
}

/** All RCU read-side marks of a thread at once: one alone would leave the other unmatched. */
function sectionRemovals(
  test: LitmusTest,
  thread: number,
  instructions: readonly Instruction[],
): Weakening[] {
  const marks = instructions.filter(({ kind }) => kind === 'rcu-lock' || kind === 'rcu-unlock');
  const [first] = marks;
  if (first === undefined) return [];
  const change = `without rcu_read_lock() and rcu_read_unlock()`;
  return [{ thread, at: first.at, change, test: withChange(test, thread, marks, null) }];
}

/** The weakenings that make the condition of a forbidden test satisfiable.
 * @param timeLimitMs wall time for each check */
export function carriers(
  test: LitmusTest,
  timeLimitMs: number,
  model: MemoryModel = modelOf(),
): Weakening[] {
  return weakenings(test).filter(({ test: weakened }) => {
    const verdict = checkLitmus(weakened, { timeLimitMs, model });
    return verdict.states.some(({ satisfies }) => satisfies);
  });
}
