import test from 'ava';
import {
  type Expression,
  type LitmusTest,
  type Place,
  type SourceSpan,
  type Statement,
} from '../../src/litmus/syntax/ast.js';
import { addressOf, isPointer, objectOf } from '../../src/litmus/syntax/values.js';
import { checkLitmus } from '../../src/litmus/axioms/checker.js';
import {
  POINTER_BASE,
  type LitmusExpression,
  type LitmusOperation,
  type LitmusProgram,
} from '../../src/litmus/on-threads/program.js';
import { LITMUS_SHAPES } from '../../src/litmus/on-threads/shapes.js';
import { sequentialStates } from '../../src/litmus/on-threads/interleavings.js';

const AT: SourceSpan = { line: 1, column: 1, text: '' };

function expression(e: LitmusExpression): Expression {
  if (typeof e === 'number') return { kind: 'constant', value: e };
  if ('loc' in e) return { kind: 'constant', value: addressOf(e.loc) };
  if ('reg' in e) return { kind: 'register', register: e.reg };
  return {
    kind: 'binary',
    operator: e.op,
    left: expression(e.left),
    right: expression(e.right),
  };
}

/**
 * An operation of a shape as the checker's instruction; bits become masks. Plain accesses become marked ones: two that
 * race have no meaning in the model, while a backend carries each out as one access.
 */
function instruction(operation: LitmusOperation): Statement {
  const at = AT;
  switch (operation.kind) {
    case 'load': {
      const order = operation.order === 'acquire' ? 'acquire' : 'once';
      return { kind: 'load', order, address: expression(operation.at), into: operation.into, at };
    }
    case 'store': {
      const [address, value] = [expression(operation.at), expression(operation.value)];
      const order = operation.order === 'release' ? 'release' : 'once';
      return { kind: 'store', order, address, value, at };
    }
    case 'fence':
      return { kind: 'fence', fence: operation.fence, at };
    case 'rmw': {
      const { order, into } = operation;
      const [address, operand] = [expression(operation.at), expression(operation.operand)];
      return { kind: 'rmw', operation: 'set', order, address, operand, result: 'old', into, at };
    }
    case 'bit': {
      const clears = operation.what === 'testAndClear';
      return {
        kind: 'rmw',
        operation: clears ? 'andnot' : 'or',
        order: clears ? 'full' : 'void',
        address: expression(operation.at),
        operand: { kind: 'constant', value: 1 << operation.bit },
        result: clears ? 'old' : 'none',
        into: operation.into,
        at,
      };
    }
    case 'lock':
    case 'unlock':
      return { kind: operation.kind, address: expression(operation.at), at };
    default:
      throw new Error(`no shape uses ${operation.kind}`);
  }
}

function numberOf(e: LitmusExpression): number {
  const constant = expression(e);
  return constant.kind === 'constant' ? constant.value : 0;
}

function asTest(name: string, program: LitmusProgram): LitmusTest {
  const locks = new Set(
    program.threads.flatMap(({ body }) =>
      body.flatMap((o) => (o.kind === 'lock' ? [objectOf(numberOf(o.at))] : [])),
    ),
  );
  return {
    name,
    file: name,
    locations: program.locations.map((init, i) => ({
      name: `l${i}`,
      kind: locks.has(i) ? 'lock' : 'data',
      init: numberOf(init),
    })),
    threads: program.threads.map(({ registers, body }) => ({
      registers: registers.map((init, i) => ({
        name: `r${i}`,
        init: numberOf(init),
        temporary: false,
      })),
      body: body.map(instruction),
    })),
    condition: { quantifier: 'exists', proposition: { kind: 'true' }, text: 'true' },
    filter: null,
    observed: program.observed.map((place): Place =>
      'location' in place
        ? { kind: 'location', location: place.location }
        : { kind: 'register', thread: place.thread, register: place.reg },
    ),
  };
}

/** Every combination of the values that the observed places take in any of the states. */
function combinations(states: readonly (readonly number[])[]): number[][] {
  const width = states[0]?.length ?? 0;
  const choices = Array.from({ length: width }, (_, i) => [...new Set(states.map((s) => s[i]!))]);
  return choices.reduce<number[][]>(
    (all, values) => all.flatMap((prefix) => values.map((value) => [...prefix, value])),
    [[]],
  );
}

for (const shape of LITMUS_SHAPES) {
  test(`${shape.name}: each grade is what the axioms say`, (t) => {
    const verdict = checkLitmus(asTest(shape.name, shape.program));
    t.true(verdict.complete);
    const allowed = new Set(
      verdict.states.map(({ state }) =>
        state.map((v) => (isPointer(v) ? POINTER_BASE + objectOf(v) : v)).join(', '),
      ),
    );
    const sequential = sequentialStates(shape.program);
    for (const state of sequential) t.true(allowed.has(state), `${state} is forbidden`);
    const seen = [...allowed].map((state) => state.split(', ').map(Number));
    for (const values of combinations(seen)) {
      const state = values.join(', ');
      const { grade } = shape.grade(values);
      if (sequential.has(state)) t.is(grade, 'acceptable', state);
      else t.is(grade, allowed.has(state) ? 'interesting' : 'forbidden', state);
    }
  });
}
