/** Which registers of a test may hold a pointer: on threads a pointer is a token, which nothing may be computed with. */
import type { Expression, Instruction, LitmusTest } from '../syntax/ast.js';
import { isPointer } from '../syntax/values.js';
import { instructionsOf } from '../syntax/walk.js';

/** Where pointers of a test may be. */
export interface PointerFlow {
  /** Registers that may hold one, by thread. */
  readonly registers: readonly ReadonlySet<number>[];
  /** May a location hold one? */
  readonly inMemory: boolean;
}

/** May `expression` be a pointer, if `registers` may hold one? */
export function mayPoint(expression: Expression, registers: ReadonlySet<number>): boolean {
  if (expression.kind === 'constant') return isPointer(expression.value);
  if (expression.kind === 'register') return registers.has(expression.register);
  if (!'+-|'.includes(expression.operator)) return false;
  return mayPoint(expression.left, registers) || mayPoint(expression.right, registers);
}

/** What an instruction stores, where it stores anything. */
function storedBy(instruction: Instruction): Expression | undefined {
  if (instruction.kind === 'store') return instruction.value;
  if (instruction.kind === 'rmw') return instruction.operand;
  return instruction.kind === 'cmpxchg' ? instruction.replacement : undefined;
}

function receives(
  instruction: Instruction,
  registers: ReadonlySet<number>,
  inMemory: boolean,
): boolean {
  if (instruction.kind === 'assign') return mayPoint(instruction.value, registers);
  return inMemory && ['load', 'rmw', 'cmpxchg'].includes(instruction.kind);
}

/** Where pointers may be, whatever the order of the statements. */
export function pointerFlow({ threads, locations }: LitmusTest): PointerFlow {
  const registers = threads.map(
    (thread) => new Set(thread.registers.flatMap(({ init }, r) => (isPointer(init) ? [r] : []))),
  );
  const bodies = threads.map(({ body }) => [...instructionsOf(body)]);
  let inMemory = locations.some(({ init }) => isPointer(init));
  for (let before = -1, known = 0; known !== before;) {
    before = known;
    bodies.forEach((body, t) => {
      const mine = registers[t] ?? new Set<number>();
      for (const instruction of body) {
        const stored = storedBy(instruction);
        if (stored !== undefined && mayPoint(stored, mine)) inMemory = true;
        if (!('into' in instruction)) continue;
        if (receives(instruction, mine, inMemory)) mine.add(instruction.into);
      }
    });
    known = registers.reduce((sum, { size }) => sum + size, Number(inMemory));
  }
  return { registers, inMemory };
}
