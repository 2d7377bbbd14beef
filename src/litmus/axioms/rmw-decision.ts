/** What a read-modify-write does with the value that it reads: what it returns, and what it writes, if anything. */
import type {
  AddUnlessInstruction,
  CmpxchgInstruction,
  RmwInstruction,
  RmwOrder,
} from '../syntax/ast.js';
import { applyOperator, applyRmw, areEqual } from './arithmetic.js';
import { join, NONE, type Dependencies, type PartialRun } from './partial-run.js';

/** The write of a read-modify-write. */
export interface RmwDecision {
  readonly order: RmwOrder;
  readonly stored: number;
  readonly data: Dependencies;
  /** What decided that there is a write. */
  readonly ctrl: Dependencies;
}

/** Sets the receiving register of a run that is about to read `old`, and says what it writes; null for a failure. */
export type Decide = (fork: PartialRun, old: number) => RmwDecision | null;

function onRmw(run: PartialRun, instruction: RmwInstruction): Decide {
  const { operation, order, result, into } = instruction;
  const operand = run.evaluate(instruction.operand);
  return (fork, old) => {
    const stored = applyRmw(operation, old, operand.value);
    const read = [fork.events.length];
    const data = operation === 'set' ? operand.from : join(operand.from, read);
    if (result === 'old') fork.set(into, old, read);
    if (result === 'new') fork.set(into, stored, join(operand.from, read));
    return { order, stored, data, ctrl: NONE };
  };
}

function onCmpxchg(run: PartialRun, instruction: CmpxchgInstruction): Decide {
  const expected = run.evaluate(instruction.expected);
  const replacement = run.evaluate(instruction.replacement);
  return (fork, old) => {
    fork.set(instruction.into, old, [fork.events.length]);
    if (!areEqual(old, expected.value)) return null;
    const { value: stored, from: data } = replacement;
    return { order: instruction.order, stored, data, ctrl: expected.from };
  };
}

function onAddUnless(run: PartialRun, instruction: AddUnlessInstruction): Decide {
  const addend = run.evaluate(instruction.addend);
  const unless = run.evaluate(instruction.unless);
  return (fork, old) => {
    const read = [fork.events.length];
    const added = !areEqual(old, unless.value);
    fork.set(instruction.into, Number(added), join(read, unless.from));
    if (!added) return null;
    const stored = applyOperator('+', old, addend.value);
    return { order: 'full', stored, data: join(addend.from, read), ctrl: unless.from };
  };
}

/** What `instruction` does in a run that has come to it. */
export function decisionOf(
  run: PartialRun,
  instruction: RmwInstruction | CmpxchgInstruction | AddUnlessInstruction,
): Decide {
  switch (instruction.kind) {
    case 'rmw':
      return onRmw(run, instruction);
    case 'cmpxchg':
      return onCmpxchg(run, instruction);
    case 'add-unless':
      return onAddUnless(run, instruction);
  }
}
