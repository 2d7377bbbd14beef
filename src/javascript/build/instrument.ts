/** Instruments one module: whatever may reach shared memory becomes resumable, everything else stays as it is. */

import type { AnyNode, Identifier, Program, ReturnStatement } from 'acorn';
import MagicString from 'magic-string';
import { AssignmentRewriter } from './assign.js';
import { BlockRewriter } from './blocks.js';
import { selfText } from './constructors.js';
import { CallRewriter } from './calls.js';
import { ClassRewriter } from './classes.js';
import {
  Context,
  functionState,
  OWN,
  RUNTIME,
  type FunctionState,
  type GlobalUses,
  type ModuleText,
} from './context.js';
import { FunctionRewriter, prologue } from './functions.js';
import { ModuleRewriter, type ModuleLinks } from './links.js';
import { inferredNames } from './inferred-names.js';
import { fixedFunctions, isGlobal, Needs, type Names } from './needs.js';
import { IterationRewriter } from './patterns.js';
import { childrenOf, isFunction, isReference, isTarget } from './scope.js';
import type { SiteTable } from './sites.js';

/** An instrumented module: the body of a function that is called with the runtime, and its text for a source map. */
export interface Instrumented {
  readonly text: MagicString;
  /** Parameters of the module's function. */
  readonly parameters: readonly string[];
  /** Site of the first `await` at its top; 0 for none. */
  readonly firstWait: number;
}

/** What a module is instrumented with. */
export interface InstrumentOptions {
  readonly module: ModuleText;
  readonly program: Program;
  readonly names: Names;
  readonly sites: SiteTable;
  readonly links: ModuleLinks;
  readonly uses: GlobalUses;
}

/** Statements whose end may be left to the language. */
const ENDS_BY_SEMICOLON: ReadonlySet<string> = new Set([
  'ExpressionStatement',
  'VariableDeclaration',
  'ReturnStatement',
  'ThrowStatement',
  'BreakStatement',
  'ContinueStatement',
]);

/** Loops that are watched, since a loop that accesses no memory must not spin for ever unnoticed. */
const LOOPS: ReadonlySet<string> = new Set(['WhileStatement', 'DoWhileStatement', 'ForStatement']);

class Instrumentation {
  readonly cx: Context;
  readonly #assign: AssignmentRewriter;
  readonly #calls: CallRewriter;
  readonly #iteration: IterationRewriter;
  readonly #functions: FunctionRewriter;
  readonly #classes: ClassRewriter;
  readonly #links: ModuleRewriter;
  readonly #blocks: BlockRewriter;
  readonly #direct = new Map<string, string>();
  readonly #path: AnyNode[] = [];
  /** Names that stand for a property and its value. */
  readonly #shorthands = new Set<AnyNode>();

  constructor(options: InstrumentOptions, fn: FunctionState) {
    const { module, program, names, sites, links, uses } = options;
    const needs = new Needs(names, program);
    const inferred = inferredNames(program);
    const facts = { module, names, needs, sites, uses, inferred };
    this.cx = new Context(new MagicString(module.code), facts, fn);
    for (const [name, node] of fixedFunctions(program, names.scope)) {
      if (node.async || node.generator || !needs.function(node)) continue;
      this.#direct.set(name, this.cx.unique('f'));
    }
    const visit = (node: AnyNode): void => this.visit(node);
    this.#assign = new AssignmentRewriter(this.cx, visit);
    this.#calls = new CallRewriter(this.cx, visit, this.#direct);
    this.#iteration = new IterationRewriter(this.cx, visit, (n) => this.#assign.guarded(n));
    this.#functions = new FunctionRewriter(this.cx, visit, (n) =>
      this.#iteration.pattern(n as Identifier),
    );
    this.#classes = new ClassRewriter(this.cx, visit, this.#functions);
    this.#calls.home = () => this.#classes.home();
    this.#blocks = new BlockRewriter(this.cx, visit);
    this.#links = new ModuleRewriter(this.cx, visit, links, program);
  }

  program(program: Program): string {
    for (const statement of program.body) this.visit(statement);
    return prologue(this.cx.fn) + this.cx.hoisted.join(' ') + this.#links.prologue();
  }

  visit(node: AnyNode): void {
    this.#path.push(node);
    if (!this.#special(node)) for (const child of childrenOf(node)) this.visit(child);
    if (ENDS_BY_SEMICOLON.has(node.type)) this.#endStatement(node);
    this.#path.pop();
  }

  /** Where the language would insert a semicolon, the text that follows must not become part of the statement. */
  #endStatement(node: AnyNode): void {
    const { cx } = this;
    const parent = this.#parent as { init?: AnyNode; left?: AnyNode } | undefined;
    if (parent?.init === node || parent?.left === node) return;
    if (cx.module.code[node.end - 1] !== ';') cx.text.appendLeft(node.end, ';');
  }

  get #parent(): AnyNode | undefined {
    return this.#path.at(-2);
  }

  /** Rewrite a node that needs it. Returns whether its children have been dealt with. */
  #special(node: AnyNode): boolean {
    if (isFunction(node)) {
      this.#functions.rewrite(node, this.#direct);
      return true;
    }
    return this.#expression(node) || this.#statement(node);
  }

  #expression(node: AnyNode): boolean {
    switch (node.type) {
      case 'CallExpression':
        if (node.callee.type === 'Super') this.#classes.superCall(node);
        else this.#call(node);
        return true;
      case 'MemberExpression':
        this.#calls.chain(node);
        return true;
      case 'NewExpression':
        this.#calls.construct(node);
        return true;
      case 'AssignmentExpression':
        return this.#assignment(node);
      case 'UpdateExpression':
        this.#assign.update(node);
        return true;
      case 'UnaryExpression':
        return node.operator === 'delete' && this.#delete(node.argument);
      case 'SpreadElement':
        this.#iteration.spread(node, this.#parent);
        return true;
      case 'ObjectExpression':
        for (const p of node.properties) {
          if (p.type === 'Property' && p.shorthand) this.#shorthands.add(p.value);
        }
        this.#classes.object(node);
        return true;
      case 'ClassDeclaration':
      case 'ClassExpression':
        this.#classes.class(node, this.cx.inferred.get(node));
        return true;
      default:
        return this.#leaf(node);
    }
  }

  #leaf(node: AnyNode): boolean {
    switch (node.type) {
      case 'Identifier':
        this.#identifier(node);
        return true;
      case 'ThisExpression':
        this.#this(node);
        return true;
      case 'AwaitExpression':
        this.visit(node.argument);
        this.cx.replace(
          node.start,
          node.argument.start,
          `(yield ${RUNTIME}.await(${this.cx.site(node, 'await')}, `,
        );
        this.cx.after(node, '))');
        return true;
      case 'YieldExpression':
        this.#yield(node);
        return true;
      case 'MetaProperty':
        this.#meta(node);
        return true;
      case 'ImportExpression':
        return this.#links.dynamic(node);
      case 'TaggedTemplateExpression':
        this.#calls.tagged(node);
        return true;
      default:
        return false;
    }
  }

  #call(node: AnyNode & { type: 'CallExpression' }): void {
    const { callee } = node;
    if (isGlobal(this.cx.names.scope, callee, 'eval')) {
      const name = this.#links.parameterIn(node.arguments);
      if (name !== undefined) {
        this.cx.replace(node.start, node.end, name);
        return;
      }
      throw this.cx.rejection(node, 'eval() makes code that cannot be instrumented');
    }
    this.#calls.chain(node);
  }

  #assignment(node: AnyNode & { type: 'AssignmentExpression' }): boolean {
    const { left } = node;
    if (left.type === 'ArrayPattern' || left.type === 'ObjectPattern') {
      this.#assign.unpacking(node, () => {
        this.#iteration.pattern(left, { isLookedAt: true, isBinding: false });
        this.visit(node.right);
        this.#iteration.unpacked(left, node.right, false);
      });
    } else {
      this.#assign.assignment(node);
    }
    return true;
  }

  /** Deleting reads nothing. The object is evaluated as usual. */
  #delete(argument: AnyNode): boolean {
    const target = argument.type === 'ChainExpression' ? argument.expression : argument;
    if (target.type !== 'MemberExpression') return false;
    this.visit(target.object);
    if (target.computed) this.visit(target.property);
    return true;
  }

  #yield(node: AnyNode & { type: 'YieldExpression' }): void {
    const { cx } = this;
    const { argument } = node;
    const open = !node.delegate
      ? `(yield ${RUNTIME}.out(`
      : cx.fn.isAsync
        ? `(yield* ${RUNTIME}.delegateAsync(${cx.site(node, 'await')}, `
        : `(yield* ${RUNTIME}.delegate(`;
    if (argument == null) {
      cx.replace(node.start, node.end, `${open}undefined))`);
      return;
    }
    this.visit(argument);
    cx.replace(node.start, argument.start, open);
    cx.after(node, '))');
  }

  #meta(node: AnyNode & { type: 'MetaProperty' }): void {
    if (node.meta.name === 'import') {
      this.cx.replace(node.start, node.end, `${OWN}meta`);
      return;
    }
    let { fn } = this.cx;
    while (fn.kind === 'arrow' && fn.outer) fn = fn.outer;
    if (fn.kind === 'constructor') this.cx.replace(node.start, node.end, `${OWN}nt`);
    else if (fn.resumable)
      this.cx.replace(
        node.start,
        node.end,
        `${RUNTIME}.newTarget(${this.#calls.thisText(node.start)})`,
      );
  }

  #this(node: AnyNode): void {
    const own = this.#calls.thisText(node.start);
    const isSloppy = this.cx.uses.sloppyThis.has(node);
    const text = isSloppy
      ? `(${own} === ${RUNTIME}.outer ? ${RUNTIME}.globalObject : ${own})`
      : own;
    if (text !== 'this') this.cx.replace(node.start, node.end, text);
  }

  #identifier(node: Identifier): void {
    const { cx } = this;
    if (node.name.startsWith(OWN))
      throw cx.rejection(node, `names that begin with ${OWN} are reserved`);
    const isUse = isReference(node, this.#parent);
    if (node.name === 'arguments' && isUse) this.#arguments(node);
    else if (isUse && isGlobal(cx.names.scope, node, 'eval')) {
      const short = this.#shorthands.has(node) ? 'eval: ' : '';
      cx.replace(node.start, node.end, `${short}${RUNTIME}.indirectEval`);
    } else if (isUse && !this.#global(node, this.#parent)) {
      this.#links.reference(node, this.#shorthands.has(node));
    }
  }

  /** A global that the program makes or changes. Returns whether it is one. */
  #global(node: Identifier, parent: AnyNode | undefined): boolean {
    const target = this.cx.globalTarget(node);
    if (target === undefined) return false;
    const isOptional =
      parent?.type === 'UnaryExpression' &&
      (parent.operator === 'typeof' || parent.operator === 'delete');
    const text = isOptional
      ? `${RUNTIME}.optionalGlobals.${node.name}`
      : isTarget(node, parent)
        ? target
        : `(0, ${target})`;
    const isShort = this.#shorthands.has(node);
    this.cx.replace(node.start, node.end, isShort ? `${node.name}: ${text}` : text);
    return true;
  }

  /** `arguments` in an arrow function belongs to the enclosing function; a constructor gets more than the program's. */
  #arguments(node: Identifier): void {
    let crossed = false;
    for (let state: FunctionState | undefined = this.cx.fn; state; state = state.outer) {
      if (state.kind !== 'arrow') {
        if (state.kind === 'constructor' && state.isInParameters) {
          throw this.cx.rejection(node, '`arguments` in the parameters of a constructor');
        }
        if (state.kind === 'module' && this.#links.isModule) {
          throw this.cx.rejection(node, '`arguments` outside of a function');
        }
        if (!crossed && state.kind !== 'constructor' && state.kind !== 'module') return;
        state.sharesArguments = true;
        this.cx.replace(node.start, node.end, `${OWN}arguments`);
        return;
      }
      crossed ||= state.resumable;
    }
  }

  #statement(node: AnyNode): boolean {
    if (LOOPS.has(node.type)) return this.#blocks.loop(node as AnyNode & { body: AnyNode });
    switch (node.type) {
      case 'ForOfStatement':
        this.#iteration.forOf(node, this.#outermostLabel());
        return true;
      case 'VariableDeclarator':
        this.#iteration.pattern(node.id, { isLookedAt: node.init != null });
        if (node.init != null) {
          this.visit(node.init);
          this.#iteration.unpacked(node.id, node.init, true);
        }
        return true;
      case 'CatchClause':
        this.#iteration.pattern(node.param ?? null);
        this.visit(node.body);
        return true;
      case 'ReturnStatement':
        return this.#return(node);
      case 'BlockStatement':
        return this.#blocks.block(node);
      case 'SwitchStatement':
        return this.#blocks.switch(node);
      case 'WithStatement':
        throw this.cx.rejection(node, '`with` cannot be instrumented');
      default:
        return this.#links.statement(node);
    }
  }

  #outermostLabel(): AnyNode {
    let at = this.#path.length - 1;
    while (this.#path[at - 1]?.type === 'LabeledStatement') at--;
    return this.#path[at] as AnyNode;
  }

  #return(node: ReturnStatement): boolean {
    if (this.cx.fn.kind !== 'constructor') return false;
    const { boundFrom } = this.cx.fn;
    if (node.argument == null) {
      this.cx.replace(node.start, node.end, `return ${selfText(node.start < boundFrom)};`);
      return true;
    }
    this.visit(node.argument);
    const method = boundFrom > 0 ? 'returnedByDerived' : 'returned';
    this.cx.before(node.argument, `${RUNTIME}.${method}(`);
    this.cx.after(node.argument, `, ${OWN}self)`);
    return true;
  }
}

/**
 * Instrument a module.
 *
 * @throws UsageError with file and line for what cannot be made resumable
 */
export function instrument(options: InstrumentOptions): Instrumented {
  const fn = functionState({ kind: 'module', resumable: true, name: '', outer: undefined });
  const work = new Instrumentation(options, fn);
  const begin = work.program(options.program);
  const { text } = work.cx;
  if (options.module.code.startsWith('#!')) text.update(0, 2, '//');
  text.prepend(
    `${options.links.isModule ? '"use strict"; ' : ''}return function* (${options.links.parameters.join(', ')}) { ${begin}`,
  );
  text.append('\n}');
  return { text, parameters: options.links.parameters, firstWait: work.cx.firstWait };
}
