/** What a read-modify-write does with the value that it reads: what it returns, and what it writes, if anything. */
import type {
  AddUnlessInstruction,
  CmpxchgInstruction,
  RmwInstruction,
  RmwOrder,
} from '../syntax/ast.js';
import { applyOperator, applyRmw, areEqual } from './arithmetic.js';
import {
  joinOrigins,
  NONE,
  originOfRead,
  type Dependencies,
  type PartialRun,
} from './partial-run.js';

/** The write of a read-modify-write. */
export interface RmwDecision {
  readonly order: RmwOrder;
  readonly stored: number;
  readonly data: Dependencies;
  /** The reads that the stored value is computed from. */
  readonly needs: Dependencies;
  /** The reads that the value which it had to find is computed from; null if it took any. */
  readonly wanted: Dependencies | null;
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
    const read = originOfRead(fork.events.length);
    const computed = joinOrigins(operand, read);
    const { from: data, needs } = operation === 'set' ? operand : computed;
    if (result === 'old') fork.set(into, old, read);
    if (result === 'new') fork.set(into, stored, computed);
    return { order, stored, data, needs, wanted: null, ctrl: NONE };
  };
}

function onCmpxchg(run: PartialRun, instruction: CmpxchgInstruction): Decide {
  const expected = run.evaluate(instruction.expected);
  const replacement = run.evaluate(instruction.replacement);
  return (fork, old) => {
    fork.set(instruction.into, old, originOfRead(fork.events.length));
    if (!areEqual(old, expected.value)) return null;
    const { value: stored, from: data, needs } = replacement;
    const { order } = instruction;
    return { order, stored, data, needs, wanted: expected.needs, ctrl: expected.from };
  };
}

function onAddUnless(run: PartialRun, instruction: AddUnlessInstruction): Decide {
  const addend = run.evaluate(instruction.addend);
  const unless = run.evaluate(instruction.unless);
  return (fork, old) => {
    const read = originOfRead(fork.events.length);
    const added = !areEqual(old, unless.value);
    fork.set(instruction.into, Number(added), joinOrigins(read, unless));
    if (!added) return null;
    const stored = applyOperator('+', old, addend.value);
    const { from: data, needs } = joinOrigins(addend, read);
    return { order: 'full', stored, data, needs, wanted: null, ctrl: unless.from };
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
