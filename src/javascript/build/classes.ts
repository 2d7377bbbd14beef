/** Classes and object literals: methods become generators that the runtime wraps, constructors separate making from running. */

import type {
  AnyNode,
  BlockStatement,
  Class,
  Expression,
  MethodDefinition,
  ObjectExpression,
  Property,
  SpreadElement,
  StaticBlock,
  PropertyDefinition,
} from 'acorn';
import { boundFrom, defaultConstructor, KEY_INIT, selfText, shell } from './constructors.js';
import { functionState, OWN, RUNTIME, type Context } from './context.js';
import { flavour, lengthOf, prologue, shownName, type FunctionRewriter } from './functions.js';
import { isFunction, staticName, type FunctionNode } from './scope.js';

type Visit = (node: AnyNode) => void;

/** Key of members that the runtime removes from the class again. */
const KEY_FIELDS = `${OWN}F`;

/** The current class. */
interface Current {
  /** How the code of its members finds it. */
  readonly name: string;
  /** How stories call it. */
  readonly shown: string;
  readonly hasFields: boolean;
  readonly isStatic: boolean;
}

const NOWHERE: Current = { name: '', shown: '', hasFields: false, isStatic: false };

/** Rewrites classes and object literals. */
export class ClassRewriter {
  readonly #cx: Context;
  readonly #visit: Visit;
  readonly #functions: FunctionRewriter;

  constructor(cx: Context, visit: Visit, functions: FunctionRewriter) {
    this.#cx = cx;
    this.#visit = visit;
    this.#functions = functions;
  }

  /** Innermost class whose constructor is being rewritten. */
  current: Current = NOWHERE;

  /** What `super` refers to in the current member. */
  home(): string | undefined {
    const { name, isStatic } = this.current;
    return name === '' ? undefined : `${name}, ${isStatic}`;
  }

  class(node: Class, given = ''): void {
    const cx = this.#cx;
    const mark = cx.mark(node);
    if (node.superClass) this.#visit(node.superClass);
    const isNamed = node.id !== null && node.id !== undefined;
    const name = isNamed ? (node.id?.name ?? '') : cx.unique('c');
    if (!isNamed) cx.text.appendLeft(node.start + 'class'.length, ` ${name}`);
    const members = node.body.body;
    const constructor = members.find(
      (m): m is MethodDefinition => m.type === 'MethodDefinition' && m.kind === 'constructor',
    );
    const fields = this.#movedFields(members);
    const isFull =
      node.superClass != null ||
      fields.length > 0 ||
      (constructor !== undefined && cx.needs.function(constructor.value));
    const outer = this.current;
    const known = this.#alias(name);
    this.current = { name: known, shown: name, hasFields: fields.length > 0, isStatic: false };
    const facts: string[] = [];
    for (const member of members) {
      if (member === constructor) this.#construction(member, node, isFull);
      else if (member.type === 'MethodDefinition') {
        this.current = { ...this.current, isStatic: member.static };
        this.#method(member, facts);
        this.current = { ...this.current, isStatic: false };
      } else if (member.type === 'PropertyDefinition') {
        this.#field(member, fields);
        // The text that follows may now begin with an asterisk.
        if (cx.module.code[member.end - 1] !== ';') cx.text.appendLeft(member.end, ';');
      } else {
        this.#staticBlock(member);
      }
    }
    const made = isFull && constructor === undefined ? defaultConstructor(this.current, node) : '';
    this.current = outer;
    const shown = isNamed ? '' : `, ${JSON.stringify(given)}`;
    const found = known === name ? '' : `${known} = this; `;
    const setup = `static { ${found}${RUNTIME}.klass(this, [${facts.join(', ')}]${shown}); }`;
    cx.text.appendLeft(node.body.start + 1, `${mark} ${setup} ${made}`);
  }

  /** Another name for a class whose own may mean something else in its members, as in minified code. */
  #alias(name: string): string {
    const cx = this.#cx;
    if ((cx.names.scope.declared.get(name) ?? 0) < 2) return name;
    const alias = cx.unique('c');
    cx.hoisted.push(`let ${alias};`);
    return alias;
  }

  /** Fields whose values are made by code that may be interrupted, and those after the first of them. */
  #movedFields(members: Class['body']['body']): PropertyDefinition[] {
    const fields = members.filter(
      (m): m is PropertyDefinition => m.type === 'PropertyDefinition' && !m.static,
    );
    const first = fields.findIndex((f) => f.value != null && this.#isCode(f.value));
    return first < 0 ? [] : fields.slice(first).filter((f) => f.value != null);
  }

  #isCode(value: Expression): boolean {
    return isFunction(value) || this.#cx.needs.within(value);
  }

  /** Code that the language executes while it makes a class: it runs to its end, and must not reach shared memory. */
  #driven(begin: string, end: string, visit: () => void): readonly [begin: string, end: string] {
    const cx = this.#cx;
    const outer = cx.fn;
    const inner = this.current;
    this.current = { ...inner, isStatic: true };
    cx.fn = functionState({ kind: 'method', resumable: true, name: inner.shown, outer });
    visit();
    const head = `${RUNTIME}.drive((function* () { ${prologue(cx.fn)}${begin}`;
    cx.fn = outer;
    this.current = inner;
    return [head, `${end} }).call(this))`];
  }

  #staticBlock(node: StaticBlock): void {
    const cx = this.#cx;
    const hoisted = cx.hoisted;
    cx.hoisted = [];
    const [begin, end] = this.#driven('', '', () => {
      for (const statement of node.body) this.#visit(statement);
    });
    const [first] = node.body;
    const last = node.body.at(-1);
    if (first !== undefined && last !== undefined) {
      cx.before(first, `${begin}${cx.hoisted.join(' ')}`);
      cx.after(last, ` ${end};`);
    }
    cx.hoisted = hoisted;
  }

  /** A field whose value is made by code becomes a declaration and a method that assigns the value. */
  #field(node: PropertyDefinition, moved: readonly PropertyDefinition[]): void {
    const cx = this.#cx;
    if (node.computed) this.#visit(node.key);
    if (node.value == null) return;
    if (!moved.includes(node)) {
      const { value } = node;
      if (!node.static) {
        this.#visit(value);
        return;
      }
      const [begin, end] = this.#driven('return (', ');', () => {
        this.#functions.expression(value);
      });
      cx.before(value, begin);
      cx.after(value, end);
      return;
    }
    const name = staticName(node.key, node.computed);
    if (name === undefined) {
      throw cx.rejection(
        node,
        'a class field with a computed name and a value that is made by code',
      );
    }
    const { value } = node;
    const outer = cx.fn;
    cx.fn = functionState({
      kind: 'method',
      resumable: true,
      name: `${this.current.shown}.${name}`,
      outer,
    });
    this.#functions.expression(value);
    const target = name.startsWith('#') ? `.${name}` : `[${JSON.stringify(name)}]`;
    const index = moved.indexOf(node);
    const begin = `; *["${KEY_FIELDS}${index}"]() { ${prologue(cx.fn)}this${target} = (`;
    cx.replace(node.key.end, value.start, begin);
    // A field may end without a semicolon.
    if (value.end === node.end) cx.after(value, '); }');
    else cx.replace(value.end, node.end, '); }');
    cx.fn = outer;
  }

  #method(node: MethodDefinition, facts: string[]): void {
    const cx = this.#cx;
    if (node.computed) this.#visit(node.key);
    const value = node.value as FunctionNode;
    const own = /^static\s+/.exec(node.static ? cx.slice(node) : '')?.[0] ?? '';
    cx.methods.set(value, node.start + own.length);
    const name = staticName(node.key, node.computed) ?? '';
    const prefix = node.static ? 'static ' : '';
    const isAccessor = node.kind === 'get' || node.kind === 'set';
    // Private accessors are looked up by the name of their resumable form.
    if (!cx.needs.function(value) && !(isAccessor && name.startsWith('#'))) {
      this.#functions.enter(value, 'method', name, false);
      return;
    }
    if (isAccessor && name === '') {
      this.#functions.driven(value, node.kind as 'get' | 'set', cx.slice(node.key));
      return;
    }
    this.#functions.method(value, 'method', name);
    const kind = flavour(value);
    if (kind !== 'call' && name.startsWith('#')) {
      cx.replace(
        node.start,
        node.value.start,
        `${prefix}*${name}(...${OWN}p) { return yield* ${RUNTIME}.begin(function* `,
      );
      cx.after(value, `, '${kind}').apply(this, ${OWN}p); }`);
      return;
    }
    if (isAccessor || !node.computed) {
      const key = isAccessor ? this.#accessorKey(node.kind, name) : cx.slice(node.key);
      cx.replace(node.start, node.value.start, `${prefix}*${key}`);
    } else this.#computed(node, `${prefix}*`, '');
    if (kind === 'call' && !isAccessor) return;
    if (node.computed && !isSimple(node.key)) {
      throw cx.rejection(
        node,
        'a method that is async or a generator, with a name that is made by code',
      );
    }
    if (name.startsWith('#')) return;
    const shown = node.computed ? cx.slice(node.key) : JSON.stringify(name);
    const owner = node.static ? 'true' : 'false';
    facts.push(`[${shown}, ${JSON.stringify(isAccessor ? node.kind : kind)}, ${owner}]`);
  }

  #accessorKey(kind: string, name: string): string {
    return name.startsWith('#') ? `#${kind}_${name.slice(1)}` : `["${kind} ${name}"]`;
  }

  /** A computed name, whose code has been rewritten already. */
  #computed(node: MethodDefinition | Property, before: string, after: string): void {
    this.#cx.replace(node.start, node.key.start, `${before}[`);
    this.#cx.replace(node.key.end, node.value.start, `]${after}`);
  }

  #construction(node: MethodDefinition, owner: Class, isFull: boolean): void {
    const cx = this.#cx;
    const value = node.value as FunctionNode;
    const { name, shown, hasFields } = this.current;
    if (!isFull) {
      this.#functions.enter(value, 'method', shown, false);
      return;
    }
    const from = owner.superClass ? boundFrom(value.body as BlockStatement) : 0;
    cx.bound.set(value, from);
    this.#functions.method(value, 'constructor', `new ${shown}`);
    const made = owner.superClass ? '' : `${OWN}self = ${RUNTIME}.make(${name}, ${OWN}nt); `;
    const own =
      hasFields && !owner.superClass ? `yield* ${RUNTIME}.fields(${name}, ${OWN}self); ` : '';
    const separator = value.params.length === 0 ? '' : ', ';
    const list = cx.module.code.indexOf('(', node.key.end) + 1;
    cx.replace(node.start, list, `${shell(name, owner)} *${KEY_INIT}(${OWN}nt${separator}`);
    const body = value.body;
    cx.text.appendLeft(body.start + 1, ` let ${OWN}self; ${made}${own}`);
    cx.text.appendLeft(body.end - 1, ` return ${selfText(from === Infinity)}; `);
  }

  /** `super(…)` in a constructor. */
  superCall(node: AnyNode & { type: 'CallExpression' }): void {
    const cx = this.#cx;
    const { name, hasFields } = this.current;
    const self = `${OWN}self`;
    const fields = hasFields ? `yield* ${RUNTIME}.fields(${name}, ${self}), ` : '';
    const open = `(${self} = ${RUNTIME}.once(yield* ${RUNTIME}.parent(${name}, ${OWN}nt, [`;
    const close = `]), ${self}), ${fields}${self})`;
    const [first] = node.arguments;
    const last = node.arguments.at(-1);
    if (first === undefined || last === undefined) {
      cx.replace(node.start, node.end, open + close);
      return;
    }
    cx.replace(node.start, first.start, open);
    for (const argument of node.arguments) this.#visit(argument);
    cx.replace(last.end, node.end, close);
  }

  /** `{ ...x }`: if `x` is a view, this would read all elements unnoticed. */
  #spread({ argument }: SpreadElement): void {
    this.#visit(argument);
    this.#cx.before(argument, `${RUNTIME}.guard(`);
    this.#cx.after(argument, `, ${this.#cx.site(argument, 'read')})`);
  }

  object(node: ObjectExpression): void {
    const cx = this.#cx;
    let hasAccessors = false;
    for (const property of node.properties) {
      if (property.type === 'SpreadElement') this.#spread(property);
      else if (property.kind !== 'init') hasAccessors = this.#accessor(property) || hasAccessors;
      else if (property.method) this.#concise(property);
      else this.#withKey(property, (key) => this.#functions.expression(property.value, key));
    }
    if (!hasAccessors) return;
    cx.before(node, `${RUNTIME}.accessors(`);
    cx.after(node, ')');
  }

  /** Rewrite a member, whose key is kept for the name of a function if code makes it. */
  #withKey(property: Property, rewrite: (key?: string) => void): void {
    const cx = this.#cx;
    const { key, value, computed } = property;
    if (computed) this.#visit(key);
    if (!computed || !cx.fn.resumable || !isFunction(value) || value.id) rewrite();
    else {
      cx.temporaries(1, (kept = '') => {
        cx.before(key, `${kept} = (`);
        cx.after(key, ')');
        rewrite(kept);
      });
    }
  }

  /** A method of an object literal becomes a property that holds a function. */
  #concise(property: Property): void {
    const cx = this.#cx;
    const value = property.value as FunctionNode;
    cx.methods.set(value, property.start);
    const name = staticName(property.key, property.computed) ?? '';
    if (!cx.needs.function(value)) {
      if (property.computed) this.#visit(property.key);
      this.#functions.enter(value, 'method', name, false);
      return;
    }
    this.#withKey(property, (key) => this.#resumable(property, value, name, key));
  }

  #resumable(property: Property, value: FunctionNode, name: string, variable?: string): void {
    const cx = this.#cx;
    this.#inObject(value, name);
    const kind = flavour(value);
    const begin = `: ${RUNTIME}.${kind === 'call' ? 'arrow' : kind}(function* `;
    if (property.computed) this.#computed(property, '', begin);
    else cx.replace(property.start, value.start, cx.slice(property.key) + begin);
    cx.after(value, `, ${shownName(name, variable)}, ${lengthOf(value)})`);
  }

  #inObject(value: FunctionNode, name: string): void {
    const outer = this.current;
    this.current = NOWHERE;
    this.#functions.method(value, 'function', name);
    this.current = outer;
  }

  #accessor(property: Property): boolean {
    const cx = this.#cx;
    const value = property.value as FunctionNode;
    cx.methods.set(value, property.start);
    if (property.computed) this.#visit(property.key);
    const name = staticName(property.key, property.computed);
    const kind = property.kind as 'get' | 'set';
    if (!cx.needs.function(value)) {
      this.#functions.enter(value, 'method', name ?? '', false);
      return false;
    }
    if (name === undefined) {
      const outer = this.current;
      this.current = NOWHERE;
      this.#functions.driven(value, kind, '');
      this.current = outer;
      return false;
    }
    this.#inObject(value, name);
    const key = JSON.stringify(`${OWN}${kind} ${name}`);
    // An accessor in its place keeps the order of the properties.
    const place = `${kind} [${JSON.stringify(name)}](${kind === 'set' ? '_' : ''}) {}`;
    cx.replace(property.start, value.start, `${place}, ${key}: ${RUNTIME}.call(function* `);
    cx.after(value, `, ${JSON.stringify(name)}, ${lengthOf(value)})`);
    return true;
  }
}

/** Whether a name may be evaluated twice. */
function isSimple(key: AnyNode): boolean {
  if (key.type === 'MemberExpression') return !key.computed && isSimple(key.object);
  return key.type === 'Identifier' || key.type === 'Literal';
}
