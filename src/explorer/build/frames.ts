/** What a function's local state consists of, according to its text: parameters, and variables at the head of a loop. */

import type {
  AnonymousFunctionDeclaration,
  ArrowFunctionExpression,
  BlockStatement,
  DoWhileStatement,
  ForInStatement,
  ForOfStatement,
  ForStatement,
  FunctionDeclaration,
  FunctionExpression,
  Node,
  Pattern,
  VariableDeclaration,
  WhileStatement,
} from 'acorn';

/** A loop. */
export type LoopNode =
  ForStatement | WhileStatement | DoWhileStatement | ForOfStatement | ForInStatement;

type FunctionNode =
  FunctionDeclaration | FunctionExpression | ArrowFunctionExpression | AnonymousFunctionDeclaration;

/** Loops whose whole state are variables: no hidden iterator. */
const LOOPS_OF_VARIABLES: ReadonlySet<string> = new Set([
  'ForStatement',
  'WhileStatement',
  'DoWhileStatement',
]);

export const LOOPS: ReadonlySet<string> = new Set([
  ...LOOPS_OF_VARIABLES,
  'ForOfStatement',
  'ForInStatement',
]);

const FUNCTIONS: ReadonlySet<string> = new Set([
  'FunctionDeclaration',
  'FunctionExpression',
  'ArrowFunctionExpression',
]);

/** The first statement of a function: says that it begins, and with what. */
export function entry(node: FunctionNode): string {
  const names = node.params.slice(1).map((param) => {
    const target = param.type === 'AssignmentPattern' ? param.left : param;
    return target.type === 'Identifier' ? target.name : '{}';
  });
  return `cpu.entered(${names.join(', ')});`;
}

/** A number for a place in the code: equal wherever the file is. */
export function placeNumber(file: string, offset: number): number {
  let hash = offset;
  const name = file.slice(Math.max(file.lastIndexOf('/'), file.lastIndexOf('\\')) + 1);
  for (const letter of name) hash = (Math.imul(hash, 31) + (letter.codePointAt(0) ?? 0)) | 0;
  return hash;
}

/** Bodies of loops after which the text of another statement can begin. */
const CLOSED: ReadonlySet<string> = new Set(['BlockStatement', 'EmptyStatement']);

/** What a loop tells: at the beginning of its body, and once it is over (nothing if something may be hidden there). */
export interface LoopNotes {
  readonly head: string;
  readonly after: string;
}

/**
 * Statements that report the values of a loop's variables as its body begins, or that it depends on more than
 * variables; and those of the variables that are left once it is over.
 *
 * @param code the function that the loop is in
 */
export function loopNotes(
  loop: LoopNode,
  path: readonly Node[],
  code: Node,
  file: string,
): LoopNotes {
  const within = placeNumber(file, code.start);
  const note = (place: number, variables?: readonly string[]): string => {
    const told = [placeNumber(file, place), within, ...(variables ?? [])].join(', ');
    return `cpu.tellsLoops && cpu.${variables === undefined ? 'hides' : 'looped'}(${told});`;
  };
  const hasOnlyVariables = LOOPS_OF_VARIABLES.has(loop.type);
  // Elsewhere, no statement can follow.
  const isClosed = loop.type !== 'DoWhileStatement' && CLOSED.has(loop.body.type);
  const isFollowed = isClosed && path.at(-1)?.type === 'BlockStatement';
  const left = isFollowed ? variablesAt(loop, path, true) : undefined;
  return {
    head: note(loop.start, hasOnlyVariables ? variablesAt(loop, path) : undefined),
    // No place in the code has a negative number, so this is no other loop's.
    after: left === undefined ? '' : `; ${note(-1 - loop.end, left)}`,
  };
}

/**
 * Names of the variables that hold all that a function knows at the head of a loop; undefined if there is more: an iterator,
 * a function of its own, or variables that may not be there yet.
 *
 * @param isOver name what it knows once the loop is over instead
 */
function variablesAt(loop: LoopNode, path: readonly Node[], isOver = false): string[] | undefined {
  const names: string[] = [];
  const start = path.findLastIndex((node) => FUNCTIONS.has(node.type));
  const inner = [...path.slice(start), loop];
  for (const [i, node] of inner.entries()) {
    const next = inner[i + 1];
    if (i === 0) collectParams(node as FunctionNode, names);
    else if (node === loop && isOver) break;
    else if (node.type === 'ForStatement') collect((node as ForStatement).init ?? undefined, names);
    else if (node.type === 'BlockStatement') {
      for (const statement of (node as BlockStatement).body) {
        if (statement === next) break;
        if (FUNCTIONS.has(statement.type) || statement.type === 'ClassDeclaration')
          return undefined;
        collect(statement, names);
      }
    } else if (!TRANSPARENT.has(node.type)) return undefined;
  }
  return names;
}

/** Nodes between a function and a loop in it that hide nothing. */
const TRANSPARENT: ReadonlySet<string> = new Set([
  'IfStatement',
  'WhileStatement',
  'DoWhileStatement',
  'LabeledStatement',
]);

function collectParams(node: FunctionNode, names: string[]): void {
  for (const param of node.params.slice(1)) collectPattern(param, names);
}

function collect(node: Node | undefined, names: string[]): void {
  if (node?.type !== 'VariableDeclaration') return;
  for (const { id } of (node as VariableDeclaration).declarations) collectPattern(id, names);
}

function collectPattern(pattern: Pattern, names: string[]): void {
  if (pattern.type === 'Identifier') names.push(pattern.name);
  else if (pattern.type === 'AssignmentPattern') collectPattern(pattern.left, names);
  else if (pattern.type === 'RestElement') collectPattern(pattern.argument, names);
  else if (pattern.type === 'ArrayPattern') {
    for (const element of pattern.elements) if (element) collectPattern(element, names);
  } else if (pattern.type === 'ObjectPattern') {
    for (const property of pattern.properties) {
      collectPattern(property.type === 'Property' ? property.value : property.argument, names);
    }
  }
}
