/** The resumable build: turns emitted JavaScript of kernel code into coroutines that yield only on a real switch. */

import remapping, { type EncodedSourceMap } from '@jridgewell/remapping';
import type {
  AnonymousFunctionDeclaration,
  ArrowFunctionExpression,
  CallExpression,
  CatchClause,
  ExpressionStatement,
  FunctionDeclaration,
  FunctionExpression,
  Identifier,
  MemberExpression,
  Node,
  Program,
  Property,
} from 'acorn';
import { parse } from 'acorn';
import MagicString from 'magic-string';
import { rethrowFaults } from './catches.js';
import type { ModuleSource } from './graph.js';
import { entry, loopNotes, LOOPS, placeNumber, type LoopNode } from './frames.js';
import { rejection, type SourcePosition } from './rejection.js';
import { DATA, IMMEDIATE, ITERATING, SCHEDULING } from '../../memory/vocabulary.js';

/** What the rest of the program knows about the names of a module. */
export interface ModuleNames {
  /** Local names, imported or not, that are known to be kernel code. */
  readonly kernel: ReadonlySet<string>;
  /** Kernel code among them that never reaches a scheduling point and is only ever called directly: stays plain. */
  readonly plain: ReadonlySet<string>;
  /** Kernel code among them whose only scheduling point comes last: stays plain, its callers yield. Default none. */
  readonly last?: ReadonlySet<string>;
  /** New specifiers of import and export declarations, by the old one. */
  readonly specifiers: ReadonlyMap<string, string>;
  /** Report where functions begin and end, and what variables hold when a loop goes round: for searches that tell local states apart. */
  readonly frames?: boolean;
}

/** Resumable code and its map back to the original sources. */
export interface Resumable {
  readonly code: string;
  readonly map: EncodedSourceMap;
}

/** A function, however it is written. */
export type FunctionNode =
  FunctionDeclaration | FunctionExpression | ArrowFunctionExpression | AnonymousFunctionDeclaration;

const FUNCTIONS: ReadonlySet<string> = new Set([
  'FunctionDeclaration',
  'FunctionExpression',
  'ArrowFunctionExpression',
]);

/** Parse a module; a syntax error names file and line. */
export function parseModule(source: ModuleSource): Program {
  try {
    return parse(source.code, { ecmaVersion: 'latest', sourceType: 'module', locations: true });
  } catch (error) {
    const at = (error as { loc?: SourcePosition }).loc ?? { line: 1, column: 0 };
    throw rejection(source, at, `is not JavaScript: ${(error as Error).message}`);
  }
}

/** Whether a node is a function, and one whose first parameter is named `cpu`. */
export function isKernelFunction(node: Node): node is FunctionNode {
  if (!FUNCTIONS.has(node.type)) return false;
  const [first] = (node as FunctionNode).params;
  const target = first?.type === 'AssignmentPattern' ? first.left : first;
  return target?.type === 'Identifier' && target.name === 'cpu';
}

/** Children of a node in source order. */
export function childrenOf(node: Node): Node[] {
  const children: Node[] = [];
  for (const value of Object.values(node) as unknown[]) {
    for (const item of Array.isArray(value) ? (value as unknown[]) : [value]) {
      if (typeof (item as Node | null)?.type === 'string') children.push(item as Node);
    }
  }
  return children;
}

/**
 * Make the kernel code of a module resumable.
 *
 * @throws UsageError naming file and line of what the conventions of kernel code do not allow
 */
export function transform(source: ModuleSource, program: Program, names: ModuleNames): Resumable {
  const rewriter = new Rewriter(source, names);
  rewriter.visit(program, [], 'host');
  const own = rewriter.text.generateMap({ source: source.file, hires: 'boundary' });
  const map = remapping(JSON.stringify(own), (file) =>
    file === source.file ? (source.map ?? null) : null,
  );
  return { code: rewriter.text.toString(), map: map as unknown as EncodedSourceMap };
}

/**
 * Where a node stands: outside kernel code, directly in kernel code, in its parameters, in a closure that must not see
 * `cpu`, or in a host function with a `cpu` of its own.
 */
type Place = 'host' | 'kernel' | 'params' | 'closure' | 'own';

class Rewriter {
  readonly text: MagicString;
  readonly #source: ModuleSource;
  readonly #names: ModuleNames;
  /** Functions of kernel code with loops. */
  readonly #looping = new Set<Node>();

  constructor(source: ModuleSource, names: ModuleNames) {
    this.text = new MagicString(source.code);
    this.#source = source;
    this.#names = names;
  }

  #reject(node: Node, what: string): never {
    throw rejection(this.#source, node.loc?.start ?? { line: 1, column: 0 }, what);
  }

  /** Check and rewrite a subtree; `path` holds the ancestors, innermost last. */
  visit(node: Node, path: readonly Node[], place: Place): void {
    if (FUNCTIONS.has(node.type)) {
      this.#function(node as FunctionNode, path, place);
      return;
    }
    const below = [...path, node];
    for (const child of childrenOf(node)) this.visit(child, below, place);
    if (node.type === 'Identifier') this.#identifier(node as Identifier, path, place);
    else if (node.type === 'CallExpression') this.#call(node as CallExpression, path, place);
    else if (node.type === 'YieldExpression' && place === 'kernel') {
      this.#reject(node, 'yields: kernel code is made resumable by the build');
    } else if (node.type === 'AwaitExpression' && place === 'kernel') {
      this.#reject(node, 'awaits in kernel code');
    } else if (node.type === 'CatchClause' && place === 'kernel') {
      rethrowFaults(this.text, node as CatchClause);
    } else if (node.type.endsWith('Declaration')) this.#specifier(node);
    else if (LOOPS.has(node.type) && place === 'kernel') {
      this.#loop(node as LoopNode, path);
    }
  }

  #function(node: FunctionNode, path: readonly Node[], place: Place): void {
    const below = [...path, node];
    if (!isKernelFunction(node)) {
      const inner = place === 'host' || place === 'own' ? place : 'closure';
      const next = declaresCpu(node) ? 'own' : inner;
      for (const child of childrenOf(node)) this.visit(child, below, next);
      return;
    }
    this.#checkKernelFunction(node, path);
    for (const param of node.params.slice(1)) this.visit(param, below, 'params');
    this.visit(node.body, below, 'kernel');
    if (this.#looping.has(node)) {
      const note = ` cpu.tellsLoops && cpu.called(${placeNumber(this.#source.file, node.start)});`;
      this.text.appendLeft(node.body.start + 1, note);
    }
    if (this.#staysPlain(node, path)) return;
    this.#makeGenerator(node, path);
    if (this.#names.frames === true && node.body.type === 'BlockStatement') {
      this.text.appendLeft(node.body.start + 1, ` ${entry(node)}`);
    }
  }

  /** Whether kernel code is no coroutine: only what stands at the top level of its module is known well enough. */
  #staysPlain(node: FunctionNode, path: readonly Node[]): boolean {
    const name = nameOf(node, path);
    if (name === undefined || path.some(({ type }) => FUNCTIONS.has(type))) return false;
    return this.#names.plain.has(name) || this.#names.last?.has(name) === true;
  }

  #checkKernelFunction(node: FunctionNode, path: readonly Node[]): void {
    const parent = path.at(-1);
    if (node.async) this.#reject(node, 'is kernel code and async');
    if (node.generator) this.#reject(node, 'is kernel code and already a generator');
    if (node.params[0]?.type === 'AssignmentPattern') {
      this.#reject(node, 'gives `cpu` a default value');
    }
    if (parent?.type === 'MethodDefinition') {
      this.#reject(node, 'is a method with a first parameter `cpu`: kernel code is functions');
    }
    if (parent?.type === 'Property' && (parent as Property).kind !== 'init') {
      this.#reject(node, 'is an accessor with a parameter `cpu`');
    }
    if (parent?.type === 'CallExpression' && isIterating(parent as CallExpression, node)) {
      this.#reject(node, 'passes kernel code to an array method: use a plain loop');
    }
    if (node.type === 'ArrowFunctionExpression' && usesThis(node.body)) {
      this.#reject(node, 'uses `this` in kernel code');
    }
  }

  #makeGenerator(node: FunctionNode, path: readonly Node[]): void {
    const { text } = this;
    const parent = path.at(-1) as Property | undefined;
    if (node.type === 'ArrowFunctionExpression') {
      this.#arrow(node);
    } else if (parent?.type === 'Property' && parent.method) {
      text.prependLeft(parent.start, '*');
    } else {
      text.prependLeft(node.start + 'function'.length, '*');
    }
  }

  #arrow(node: ArrowFunctionExpression): void {
    const { text } = this;
    const { code } = this.#source;
    const last = node.params.at(-1)?.end ?? node.start;
    const arrow = code.lastIndexOf('=>', node.body.start);
    const parens = code[node.start] === '(';
    text.prependLeft(node.start, parens ? 'function* ' : 'function* (');
    if (!parens) text.appendLeft(last, ')');
    const prologue = this.#names.frames === true ? `${entry(node)} ` : '';
    text.overwrite(arrow, arrow + 2, node.expression ? `{ ${prologue}return` : '');
    if (node.expression) text.appendLeft(node.end, '; }');
  }

  #identifier(node: Identifier, path: readonly Node[], place: Place): void {
    if (node.name !== 'cpu' || place === 'host' || place === 'own') return;
    const parent = path.at(-1);
    if (!parent || !isReference(node, parent)) return;
    if (place === 'closure') this.#reject(node, 'captures `cpu` in a closure');
    if (place === 'params') this.#reject(node, 'uses `cpu` in a default parameter');
    if (parent.type === 'CallExpression') {
      if ((parent as CallExpression).arguments[0] === node) return;
      this.#reject(node, 'passes `cpu` other than as the first argument');
    }
    if (parent.type === 'MemberExpression') {
      this.#member(parent as MemberExpression, path.at(-2));
      return;
    }
    if (parent.type === 'VariableDeclarator' && unpacksData(parent)) return;
    this.#reject(node, 'does with `cpu` what kernel code may not: call it, or pass it first');
  }

  #member(node: MemberExpression, parent: Node | undefined): void {
    if (node.computed || node.property.type !== 'Identifier') {
      this.#reject(node, 'computes the name of a member of `cpu`');
    }
    const { name } = node.property;
    const called = parent?.type === 'CallExpression' && (parent as CallExpression).callee === node;
    if (called && ((parent as CallExpression).optional || node.optional)) {
      this.#reject(node, 'calls `cpu` optionally');
    }
    if (called ? SCHEDULING.has(name) || IMMEDIATE.has(name) : DATA.has(name)) return;
    this.#reject(node, called ? `calls unknown cpu.${name}()` : `takes cpu.${name} as a value`);
  }

  #call(node: CallExpression, path: readonly Node[], place: Place): void {
    const [first] = node.arguments;
    const passesCpu = first?.type === 'Identifier' && first.name === 'cpu';
    const callee = node.callee.type === 'Identifier' ? node.callee.name : undefined;
    const known = callee !== undefined && this.#names.kernel.has(callee);
    if (known && !(passesCpu && place === 'kernel')) {
      this.#reject(node, `calls ${callee}() outside kernel code, or with something but \`cpu\``);
    }
    for (const argument of node.arguments) {
      if (argument.type !== 'Identifier' || !isIterating(node, argument)) continue;
      if (this.#names.kernel.has(argument.name)) {
        this.#reject(argument, `passes ${argument.name}() to an array method: use a plain loop`);
      }
    }
    if (place !== 'kernel') return;
    const start = path.findLastIndex(({ type }) => FUNCTIONS.has(type));
    if (this.#staysPlain(path[start] as FunctionNode, path.slice(0, start))) return;
    if (passesCpu) {
      if (this.#names.plain.has(callee ?? '')) return;
      if (this.#names.last?.has(callee ?? '') === true) {
        this.#point(node, path, 'cpu.result = ');
        return;
      }
      // Without a call, there is nothing to delegate to.
      const frames = this.#names.frames === true;
      const before = frames ? 'cpu.left(cpu.frames, (yield* ' : '(yield* ';
      const after = frames ? '))' : ')';
      if (node.optional) this.#wrap(node, path, `${before}(`, ` ?? [])${after}`);
      else this.#wrap(node, path, before, after);
    } else if (isOperation(node)) {
      this.#point(node, path);
    }
  }

  /** The scheduling point after an operation, or after a call that ends with one; a statement has no result. */
  #point(node: Node, path: readonly Node[], keeps = ''): void {
    const [before, result] = isStatement(path) ? ['', ''] : [keeps, ', cpu.result'];
    this.#wrap(node, path, `(${before}`, `, cpu.switching && (yield)${result})`);
  }

  #wrap(node: Node, path: readonly Node[], before: string, after: string): void {
    const statement = path.find((n) => n.type === 'ExpressionStatement' && n.start === node.start);
    const leads = statement !== undefined && isInner(path, statement as ExpressionStatement);
    // A statement must not begin with a parenthesis: without a semicolon before it, it would be a call.
    this.text.prependLeft(node.start, leads ? `0, ${before}` : before);
    this.text.appendLeft(node.end, after);
  }

  /** Tell of a loop as its body begins, and once it is over. */
  #loop(node: LoopNode, path: readonly Node[]): void {
    const code = path.findLast(({ type }) => FUNCTIONS.has(type)) as Node;
    this.#looping.add(code);
    const { head, after } = loopNotes(node, path, code, this.#source.file);
    const told = this.#names.frames === true ? after : '';
    const { body } = node;
    if (body.type === 'BlockStatement') {
      this.text.appendLeft(body.start + 1, ` ${head}`);
      // What belongs to the next statement may be written at this place, too.
      this.text.update(body.end - 1, body.end, `}${told}`);
    } else if (body.type === 'EmptyStatement') {
      this.text.update(body.start, body.end, `{ ${head} }${told}`);
    } else {
      this.text.prependLeft(body.start, `{ ${head} `);
      this.text.appendLeft(body.end, ' }');
    }
  }

  #specifier(node: Node): void {
    const { source } = node as { source?: { value: string; start: number; end: number } | null };
    if (!source || typeof source.value !== 'string') return;
    const specifier = this.#names.specifiers.get(source.value);
    if (specifier === undefined) return;
    this.text.overwrite(source.start, source.end, JSON.stringify(specifier));
  }
}

/** Whether no other function lies between the statement and the node: the statement is the node's own. */
function isInner(path: readonly Node[], statement: ExpressionStatement): boolean {
  return path.indexOf(statement) > path.findLastIndex((n) => FUNCTIONS.has(n.type));
}

const isStatement = (path: readonly Node[]): boolean => path.at(-1)?.type === 'ExpressionStatement';

function isOperation(node: CallExpression): boolean {
  const { callee } = node;
  if (callee.type !== 'MemberExpression' || callee.computed) return false;
  if (callee.object.type !== 'Identifier' || callee.object.name !== 'cpu') return false;
  return callee.property.type === 'Identifier' && SCHEDULING.has(callee.property.name);
}

function isIterating(call: CallExpression, argument: Node): boolean {
  const { callee } = call;
  if (!call.arguments.some((a) => a === argument)) return false;
  if (callee.type !== 'MemberExpression' || callee.property.type !== 'Identifier') return false;
  return ITERATING.has(callee.property.name);
}

/** Whether an identifier is a use of the variable, not the name of a property or of a binding elsewhere. */
function isReference(node: Identifier, parent: Node): boolean {
  if (parent.type === 'MemberExpression') {
    const member = parent as MemberExpression;
    return member.object === node || member.computed;
  }
  if (parent.type === 'Property') {
    const property = parent as Property;
    return property.value === node || property.computed;
  }
  return true;
}

/** `const { id, ctx } = cpu` takes data members only. */
function unpacksData(declarator: Node): boolean {
  const { id } = declarator as unknown as {
    id: { type: string; properties?: Partial<Property>[] };
  };
  if (id.type !== 'ObjectPattern') return false;
  return (id.properties ?? []).every((p) => p.key?.type === 'Identifier' && DATA.has(p.key.name));
}

function usesThis(node: Node): boolean {
  if (node.type === 'ThisExpression') return true;
  if (node.type === 'FunctionExpression' || node.type === 'FunctionDeclaration') return false;
  return childrenOf(node).some(usesThis);
}

/** Whether a function that is no kernel code has a parameter or variable of its own named `cpu`. */
function declaresCpu(node: Node): boolean {
  const search = (n: Node): boolean => {
    if (n.type === 'Identifier') return (n as Identifier).name === 'cpu';
    if (n.type === 'MemberExpression' || n.type === 'CallExpression') return false;
    return childrenOf(n).some(search);
  };
  const walk = (n: Node): boolean => {
    if (n !== node && FUNCTIONS.has(n.type)) return false;
    if (n.type === 'VariableDeclarator') {
      return search((n as unknown as { id: Node }).id);
    }
    return childrenOf(n).some(walk);
  };
  return (node as FunctionNode).params.some(search) || walk((node as FunctionNode).body);
}

/** Name under which a function declaration, or a function held by a constant, is known in its module. */
function nameOf(node: FunctionNode, path: readonly Node[]): string | undefined {
  if (node.type === 'FunctionDeclaration') return node.id?.name;
  const parent = path.at(-1) as unknown as { type: string; id?: Identifier } | undefined;
  return parent?.type === 'VariableDeclarator' ? parent.id?.name : undefined;
}
