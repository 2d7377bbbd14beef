/** Assignments and increments of elements and of accessors: the target is evaluated once, then read, then written. */

import type { AnyNode, AssignmentExpression, MemberExpression, UpdateExpression } from 'acorn';
import { settle } from './calls.js';
import { KEY_VIEW, RUNTIME, type Context } from './context.js';
import { childrenOf, isFunction, staticName } from './scope.js';

type Visit = (node: AnyNode) => void;

interface Target {
  /** Text that reads the target, and one that writes `value` to it. */
  readonly read: string;
  readonly write: (value: string) => string;
}

/** Whether writing to a member may reach shared memory or a setter of the program. */
function isSpecialTarget(cx: Context, node: AnyNode): node is MemberExpression {
  if (node.type !== 'MemberExpression' || node.object.type === 'Super') return false;
  const name = staticName(node.property, node.computed);
  if (name === undefined) return true;
  return cx.names.setters.has(name) || cx.names.getters.has(name);
}

/** Whether a pattern assigns to elements. */
function hasElements(node: AnyNode): boolean {
  if (isFunction(node)) return false;
  if (node.type === 'MemberExpression')
    return node.computed && staticName(node.property, true) === undefined;
  return childrenOf(node).some(hasElements);
}

/** Rewrites assignments. */
export class AssignmentRewriter {
  readonly #cx: Context;
  readonly #visit: Visit;

  constructor(cx: Context, visit: Visit) {
    this.#cx = cx;
    this.#visit = visit;
  }

  /** Name of the list of writes that the current destructuring assignment puts off; '' for none. */
  #putOff = '';

  /** A destructuring assignment: what it writes to shared memory is put off until it can be interrupted. */
  unpacking(node: AssignmentExpression, visit: () => void): void {
    const cx = this.#cx;
    if (!cx.fn.resumable || !hasElements(node.left)) {
      visit();
      return;
    }
    const outer = this.#putOff;
    cx.temporaries(2, (writes = '', value = '') => {
      this.#putOff = writes;
      visit();
      cx.before(node, `(${writes} = ${RUNTIME}.writes(), ${value} = (`);
      cx.after(node, `), yield* ${writes}.flush(), ${value})`);
    });
    this.#putOff = outer;
  }

  /** Target of a destructuring assignment or of a loop. Unless its write can be put off, it must not be shared. */
  guarded(node: MemberExpression): void {
    const cx = this.#cx;
    const writes = this.#putOff;
    if (node.object.type === 'Super' && cx.isInConstructor()) {
      throw cx.rejection(node, 'an assignment to a property of `super` in a constructor');
    }
    const isElement = node.computed && staticName(node.property, true) === undefined;
    if (isElement && writes !== '' && node.object.type !== 'Super') {
      this.#putOff = '';
      this.#visit(node.object);
      this.#visit(node.property);
      this.#putOff = writes;
      const site = cx.site(node, 'write');
      cx.before(node.object, `(yield* ${writes}.flush(), ${writes}.to(${site}, (`);
      cx.replace(node.object.end, node.property.start, '), (');
      cx.replace(node.property.end, node.end, '))).value');
      return;
    }
    this.#visit(node.object);
    if (!node.computed) return;
    this.#visit(node.property);
    if (!isElement) return;
    this.#cx.before(node.object, `${RUNTIME}.guard(`);
    this.#cx.after(node.object, `, ${this.#cx.site(node, 'write')})`);
  }

  assignment(node: AssignmentExpression): void {
    const cx = this.#cx;
    const { left, right } = node;
    if (!isSpecialTarget(cx, left) || !cx.fn.resumable) {
      if (left.type === 'MemberExpression') this.guarded(left);
      else this.#visit(left);
      this.#visit(right);
      return;
    }
    cx.temporaries(4, (object = '', key = '', value = '', form = '') => {
      const target = this.#target(left, node, object, key, form);
      const operator = node.operator.slice(0, -1);
      const close = this.#operate(node, target, value, operator);
      this.#visit(right);
      cx.after(node, close);
    });
  }

  /** Write the text between target and value. Returns the text to put after the value. */
  #operate(node: AssignmentExpression, target: Target, value: string, operator: string): string {
    const { left, right } = node;
    const cx = this.#cx;
    if (operator === '') {
      cx.replace(left.end, right.start, `, ${value} = (`);
      return `), ${target.write(value)}, ${value})`;
    }
    if (operator === '&&' || operator === '||' || operator === '??') {
      const test = operator === '??' ? `${value} == null` : operator === '&&' ? value : `!${value}`;
      cx.replace(left.end, right.start, `, ${value} = ${target.read}, ${test} && (${value} = (`);
      return `), ${target.write(value)}), ${value})`;
    }
    cx.replace(
      left.end,
      right.start,
      `, ${value} = ${target.read}, ${value} = ${value} ${operator} (`,
    );
    return `), ${target.write(value)}, ${value})`;
  }

  /** Begin with `(object = …, key = …` in the place of the target. */
  #target(
    node: MemberExpression,
    whole: AnyNode,
    object: string,
    key: string,
    form: string,
  ): Target {
    const cx = this.#cx;
    this.#visit(node.object);
    cx.before(node.object, `(${object} = (`);
    const name = staticName(node.property, node.computed);
    if (name !== undefined) {
      cx.replace(node.object.end, node.end, ')');
      return this.#accessor(object, name, form);
    }
    cx.replace(node.object.end, node.property.start, `), ${key} = (`);
    this.#visit(node.property);
    cx.replace(node.property.end, node.end, ')');
    const shared = `${object}?.[${KEY_VIEW}] !== undefined`;
    const read = cx.site(node, 'read');
    const written = cx.site(node, 'write', whole);
    return {
      read: `(${shared} ? ${settle(`${RUNTIME}.get(${read}, ${object}, ${key})`)} : ${object}[${key}])`,
      write: (value) =>
        `${shared} ? ${settle(`${RUNTIME}.set(${written}, ${object}, ${key}, ${value})`)} : ${object}[${key}] = ${value}`,
    };
  }

  #accessor(object: string, name: string, form: string): Target {
    const { names } = this.#cx;
    const plain = name.slice(1);
    if (name.startsWith('#')) {
      return {
        read: names.getters.has(name) ? `(yield* ${object}.#get_${plain}())` : `${object}.${name}`,
        write: (value) =>
          names.setters.has(name)
            ? `yield* ${object}.#set_${plain}(${value})`
            : `${object}.${name} = ${value}`,
      };
    }
    const quoted = JSON.stringify(name);
    return {
      read: `(${form} = ${RUNTIME}.getter(${object}, ${quoted}), ${form} === undefined ? ${object}[${quoted}] : yield* ${form}.call(${object}))`,
      write: (value) =>
        `${form} = ${RUNTIME}.setter(${object}, ${quoted}), ${form} === undefined ? ${object}[${quoted}] = ${value} : yield* ${form}.call(${object}, ${value})`,
    };
  }

  update(node: UpdateExpression): void {
    const cx = this.#cx;
    const { argument } = node;
    if (!isSpecialTarget(cx, argument) || !cx.fn.resumable) {
      if (argument.type === 'MemberExpression') this.guarded(argument);
      else this.#visit(argument);
      return;
    }
    cx.temporaries(5, (object = '', key = '', value = '', form = '', old = '') => {
      if (node.prefix) cx.replace(node.start, argument.start, '');
      const target = this.#target(argument, node, object, key, form);
      const change = `, ${value} = ${target.read}, ${old} = ${value}${node.operator}, ${target.write(value)}`;
      const result = node.prefix ? value : old;
      if (node.prefix) cx.after(node, `${change}, ${result})`);
      else cx.replace(argument.end, node.end, `${change}, ${result})`);
    });
  }
}
