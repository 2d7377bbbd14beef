/**
 * Member accesses, calls and `new`. They are evaluated link by link, so that any code that a link reaches can be
 * interrupted.
 */

import type {
  AnyNode,
  CallExpression,
  MemberExpression,
  NewExpression,
  TaggedTemplateExpression,
} from 'acorn';
import { selfText } from './constructors.js';
import { KEY_CALL, KEY_VIEW, RUNTIME, type Context } from './context.js';
import { fixedName, isGlobal, isPureCall } from './needs.js';
import { staticName } from './scope.js';

/** Operations of `Atomics` that the runtime has a method of its own for. */
const ATOMICS: ReadonlySet<string> = new Set([
  'load',
  'store',
  'add',
  'sub',
  'and',
  'or',
  'xor',
  'exchange',
  'compareExchange',
  'wait',
  'notify',
  'waitAsync',
  'pause',
]);

type Link = (MemberExpression | CallExpression) & { optional: boolean };
type Visit = (node: AnyNode) => void;

/** Yield if another agent is next, and give the value of the operation. */
export const settle = (call: string): string => `(${call} && (yield), ${RUNTIME}.result)`;

/** `Atomics.load(…)` with plain arguments. */
function atomicsOperation(cx: Context, node: AnyNode): string | undefined {
  if (node.type !== 'CallExpression' || node.optional) return undefined;
  const { callee } = node;
  if (callee.type !== 'MemberExpression' || callee.optional) return undefined;
  if (!isGlobal(cx.names.scope, callee.object, 'Atomics')) return undefined;
  const name = staticName(callee.property, callee.computed);
  if (name === undefined || !ATOMICS.has(name)) return undefined;
  return node.arguments.some((a) => a.type === 'SpreadElement') ? undefined : name;
}

/** Rewrites everything that is a chain of members and calls. */
export class CallRewriter {
  readonly #cx: Context;
  readonly #visit: Visit;
  /** Resumable forms of the module's functions that are called by name. */
  readonly direct: ReadonlyMap<string, string>;

  constructor(cx: Context, visit: Visit, direct: ReadonlyMap<string, string>) {
    this.#cx = cx;
    this.#visit = visit;
    this.direct = direct;
  }

  /** A member access or call that is evaluated for its value. */
  chain(node: MemberExpression | CallExpression): void {
    const cx = this.#cx;
    if (this.#primitive(node)) return;
    const links: Link[] = [];
    let root: AnyNode = node;
    for (let next: AnyNode | undefined = node; next !== undefined; next = this.#next(root)) {
      root = next;
      if (root.type !== 'MemberExpression' && root.type !== 'CallExpression') break;
      if (links.length > 0 && this.#isPrimitive(root)) break;
      links.unshift(root);
    }
    if (!cx.fn.resumable || !links.some((link) => this.#isInstrumented(link))) {
      this.#native(links, root);
      return;
    }
    cx.temporaries(4, (value, self, key, form) => {
      const names = { value, self, key, form } as Names;
      const rest = this.#root(root, links, names);
      let closers = '';
      for (const [i, link] of rest.entries()) {
        if (link.optional) closers += ')';
        this.#link(link, i === 0 && rest.length < links.length, names, rest[i - 1]);
      }
      cx.after(node, `${closers}, ${value})`);
    });
  }

  /** What a link is a link of. In `(o.f)()`, parentheses change nothing. */
  #next(link: AnyNode): AnyNode | undefined {
    if (link.type !== 'MemberExpression' && link.type !== 'CallExpression') return undefined;
    const inner = link.type === 'MemberExpression' ? link.object : link.callee;
    let within: AnyNode = inner;
    while (within.type === 'ParenthesizedExpression') within = within.expression;
    if (within === inner) return inner;
    if (link.type === 'CallExpression' && within.type === 'ChainExpression') {
      throw this.#cx.rejection(inner, 'calls an optional chain in parentheses');
    }
    return within.type === 'MemberExpression' ? within : inner;
  }

  #isInstrumented(link: Link): boolean {
    return this.#cx.needs.isOperation(link);
  }

  /** The chain stays as it is, since nothing in it needs to be interrupted, or nothing can be. */
  #native(links: readonly Link[], root: AnyNode): void {
    const cx = this.#cx;
    this.#visit(root);
    for (const link of links) {
      if (link.type === 'CallExpression') {
        this.#checkNativeCall(link);
        for (const argument of link.arguments) this.#visit(argument);
        continue;
      }
      if (!link.computed) continue;
      this.#visit(link.property);
      if (staticName(link.property, true) !== undefined || link.object.type === 'Super') continue;
      cx.before(link.object, `${RUNTIME}.guard(`);
      cx.after(link.object, `, ${cx.site(link, 'access')})`);
    }
  }

  #checkNativeCall({ callee }: CallExpression): void {
    if (callee.type !== 'MemberExpression' || callee.property.type !== 'PrivateIdentifier') return;
    const { scope } = this.#cx.names;
    if (!scope.privateMethods.has(`#${callee.property.name}`)) return;
    throw this.#cx.rejection(callee, 'calls a private method where nothing can be interrupted');
  }

  /** Begin a chain. Returns the links that are left. */
  #root(root: AnyNode, links: Link[], { value, self }: Names): Link[] {
    const cx = this.#cx;
    if (root.type !== 'Super') {
      this.#visit(root);
      cx.before(root, `(${value} = (`);
      cx.after(root, ')');
      return links;
    }
    const [first] = links as [MemberExpression & Link];
    const name = staticName(first.property, first.computed);
    const home = this.home();
    if (name === undefined || home === undefined) {
      throw cx.rejection(first, '`super` in an object literal, or with a computed name');
    }
    const quoted = JSON.stringify(name);
    const found = cx.names.getters.has(name)
      ? `yield* ${RUNTIME}.superGet(${home}, ${quoted}, ${self})`
      : `${RUNTIME}.superOf(${home})[${quoted}]`;
    cx.replace(
      root.start,
      first.end,
      `(${self} = ${this.thisText(root.start)}, ${value} = ${found}`,
    );
    return links.slice(1);
  }

  /** Class, and whether its own side is meant, to which `super` refers; undefined in object literals. */
  home: () => string | undefined = () => undefined;

  /** How `this` is written at a position. */
  thisText(at: number): string {
    const { fn } = this.#cx;
    let crossed = false;
    for (let state = fn; ; state = state.outer as typeof fn) {
      if (state.kind === 'constructor') return selfText(at < state.boundFrom);
      if (state.kind !== 'arrow') {
        if (crossed) state.sharesThis = true;
        return crossed ? '$$this' : 'this';
      }
      crossed ||= state.resumable;
    }
  }

  #link(link: Link, afterSuper: boolean, names: Names, previous: Link | undefined): void {
    const { value } = names;
    const skip = link.optional ? `, ${value} == null ? ${value} = undefined : (0` : '';
    if (link.type === 'CallExpression') {
      const isMethod = afterSuper || previous?.type === 'MemberExpression';
      this.#call(link, skip, isMethod ? names.self : 'undefined', names);
    } else if (link.computed && staticName(link.property, true) === undefined) {
      this.#element(link, skip, names);
    } else {
      this.#member(link, skip, names);
    }
  }

  #member(link: MemberExpression, skip: string, names: Names): void {
    const cx = this.#cx;
    const { value, self, key } = names;
    const name = staticName(link.property, link.computed) as string;
    const access = name.startsWith('#') ? `.${name}` : `[${JSON.stringify(name)}]`;
    const dotted = /^#?[A-Za-z_$][\w$]*$/.test(name) ? `.${name}` : access;
    let text = `${skip}, ${self} = ${value}`;
    if (!name.startsWith('#') && cx.names.getters.has(name)) {
      const quoted = JSON.stringify(name);
      text += `, ${key} = ${RUNTIME}.getter(${value}, ${quoted}), ${value} = ${key} === undefined ? ${value}${dotted} : yield* ${key}.call(${self})`;
    } else {
      text += `, ${value} = ${this.#private(name, value, dotted)}`;
    }
    cx.replace(link.object.end, link.end, text);
  }

  /** Private methods and accessors are called in their resumable form, which has another name. */
  #private(name: string, value: string, dotted: string): string {
    const { names } = this.#cx;
    if (names.getters.has(name)) return `yield* ${value}.#get_${name.slice(1)}()`;
    return names.scope.privateMethods.has(name)
      ? `${RUNTIME}.member(${value}${dotted})`
      : `${value}${dotted}`;
  }

  #element(link: MemberExpression, skip: string, { value, self, key }: Names): void {
    const cx = this.#cx;
    cx.replace(link.object.end, link.property.start, `${skip}, ${self} = ${value}, ${key} = (`);
    cx.temporaries(0, () => this.#visit(link.property));
    const site = cx.site(link, 'read');
    cx.replace(
      link.property.end,
      link.end,
      `), ${value} = ${self}?.[${KEY_VIEW}] !== undefined ? ${settle(`${RUNTIME}.get(${site}, ${self}, ${key})`)} : ${self}[${key}]`,
    );
  }

  #call(link: CallExpression, skip: string, self: string, { value, form }: Names): void {
    const cx = this.#cx;
    const site = cx.site(link, 'call');
    const open =
      `${skip}, ${form} = ${value}?.[${KEY_CALL}], ` +
      `${value} = (${form} ?? ${RUNTIME}.native(${site}, ${value})).call(${self}`;
    const close = `), ${form} !== undefined && (${RUNTIME}.at = ${site}, ${value} = yield* ${value})`;
    this.#arguments(link, open, ', ', close);
  }

  /** Put `open` before the arguments and `close` after them. */
  #arguments(
    node: CallExpression | NewExpression,
    open: string,
    separator: string,
    close: string,
  ): void {
    const cx = this.#cx;
    const last = node.arguments.at(-1);
    const [first] = node.arguments;
    if (first === undefined || last === undefined) {
      // `new Map` has no parentheses that could be replaced.
      if (node.callee.end === node.end) cx.after(node.callee, open + close);
      else cx.replace(node.callee.end, node.end, open + close);
      return;
    }
    cx.replace(node.callee.end, first.start, open + separator);
    for (const argument of node.arguments) this.#visit(argument);
    cx.replace(last.end, node.end, close);
  }

  #isPrimitive(node: AnyNode): boolean {
    const cx = this.#cx;
    if (node.type !== 'CallExpression') return false;
    if (node.callee.type === 'Super' || atomicsOperation(cx, node) !== undefined) return true;
    if (isGlobal(cx.names.scope, node.callee, 'eval')) return true;
    const name = fixedName(cx.names.scope, node.callee);
    return name !== undefined && !node.optional && this.direct.has(name);
  }

  /** Operations of `Atomics`, and calls of known functions. These are not evaluated link by link. */
  #primitive(node: MemberExpression | CallExpression): boolean {
    const cx = this.#cx;
    if (node.type !== 'CallExpression') return false;
    if (isPureCall(cx.names.scope, node)) {
      for (const argument of node.arguments) this.#visit(argument);
      return true;
    }
    if (!cx.fn.resumable) return false;
    const operation = atomicsOperation(cx, node);
    if (operation !== undefined) {
      const site = cx.site(node, `Atomics.${operation}`);
      cx.replace(node.start, node.callee.end, `(${RUNTIME}.${operation}(${site}`);
      this.#arguments(node, '', ', ', `) && (yield), ${RUNTIME}.result)`);
      return true;
    }
    return this.#direct(node);
  }

  #direct(node: CallExpression): boolean {
    const cx = this.#cx;
    const name = node.optional ? undefined : fixedName(cx.names.scope, node.callee);
    const form = name === undefined ? undefined : this.direct.get(name);
    if (name === undefined || form === undefined) return false;
    cx.replace(node.callee.start, node.callee.end, `(yield* ${form}`);
    for (const argument of node.arguments) this.#visit(argument);
    cx.after(node, ')');
    return true;
  }

  /** `` tag`…` ``: a call with the template's parts. */
  tagged(node: TaggedTemplateExpression): void {
    const cx = this.#cx;
    const { tag, quasi } = node;
    const isSuper = tag.type === 'MemberExpression' && tag.object.type === 'Super';
    if (!cx.fn.resumable || isSuper) {
      this.#visit(tag);
      for (const expression of quasi.expressions) this.#visit(expression);
      return;
    }
    const site = cx.site(node, 'call');
    cx.temporaries(4, (value = '', self = '', key = '', form = '') => {
      const names = { value, self, key, form };
      if (tag.type === 'MemberExpression') {
        this.#visit(tag.object);
        cx.before(tag.object, `(${value} = (`);
        cx.after(tag.object, ')');
        this.#link(tag, false, names, undefined);
      } else {
        this.#visit(tag);
        cx.before(tag, `(${self} = undefined, ${value} = (`);
        cx.after(tag, ')');
      }
      for (const expression of quasi.expressions) this.#visit(expression);
      const call = `${form} = ${value}?.[${KEY_CALL}], ${value} = (${form} ?? ${RUNTIME}.native(${site}, ${value})).apply(${self}, ${RUNTIME}.parts`;
      cx.before(quasi, `, ${call}`);
      const close = `), ${form} !== undefined && (${RUNTIME}.at = ${site}, ${value} = yield* ${value}), ${value})`;
      cx.after(node, close);
    });
  }

  /** `new C(…)`. */
  construct(node: NewExpression): void {
    const cx = this.#cx;
    this.#visit(node.callee);
    if (!cx.fn.resumable) {
      for (const argument of node.arguments) this.#visit(argument);
      return;
    }
    const site = cx.site(node, 'new');
    cx.temporaries(2, (value = '', form = '') => {
      cx.replace(node.start, node.callee.start, `(${value} = (`);
      const open =
        `), ${form} = ${RUNTIME}.constructorOf(${value}), ` +
        `${value} = (${form} ?? ${RUNTIME}.nativeNew(${site}, ${value}))(${value}`;
      const close = `), ${form} !== undefined && (${RUNTIME}.at = ${site}, ${value} = yield* ${value}), ${value})`;
      this.#arguments(node, open, ', ', close);
    });
  }
}

interface Names {
  readonly value: string;
  readonly self: string;
  readonly key: string;
  readonly form: string;
}
