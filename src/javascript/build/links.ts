/** Rewrites imports and exports of a module so that they use what the loader passes in. */

import type { AnyNode, Identifier, ImportExpression, Program } from 'acorn';
import { KEY_CALL, OWN, RUNTIME, type Context } from './context.js';
import { usesOf } from './free-names.js';
import { namesOf } from './scope.js';

/** The links of a module to others. */
export interface ModuleLinks {
  /** An ES module; else CommonJS. */
  readonly isModule: boolean;
  /** Parameters of the function that a module becomes. */
  readonly parameters: readonly string[];
  /** Specifiers of static imports, in the order in which the loader hands in their namespaces. */
  readonly specifiers: readonly string[];
  /** Whether an imported name must be looked up at each use: its module may change it, or is not evaluated yet. */
  readonly isLive: (specifier: string, name: string) => boolean;
}

/** Parameters of an ES module's function: its exports, the namespaces of its imports, `import.meta`. */
export const MODULE_PARAMETERS = [`${OWN}x`, `${OWN}m`, `${OWN}meta`, `${OWN}import`] as const;
/** Parameters of a CommonJS module's function. */
export const COMMONJS_PARAMETERS = [
  'exports',
  'require',
  'module',
  '__filename',
  '__dirname',
  `${OWN}import`,
] as const;

type Visit = (node: AnyNode) => void;

/** Rewrites imports and exports. */
export class ModuleRewriter {
  readonly #cx: Context;
  readonly #visit: Visit;
  readonly #links: ModuleLinks;
  readonly #program: Program;
  readonly #bindings: string[] = [];
  readonly #exports: string[] = [];
  readonly #live = new Map<string, string>();

  constructor(cx: Context, visit: Visit, links: ModuleLinks, program: Program) {
    this.#program = program;
    this.#cx = cx;
    this.#visit = visit;
    this.#links = links;
  }

  get isModule(): boolean {
    return this.#links.isModule;
  }

  /** What comes before the module's own code. */
  prologue(): string {
    if (!this.#links.isModule) return '';
    const getters = this.#exports.join(', ');
    return `${RUNTIME}.exports(${OWN}x, { ${getters} }); yield; ${this.#bindings.join(' ')} Object.seal(${OWN}x); `;
  }

  /** What `eval('require')` gives, by which code hides from bundlers: a name that CommonJS modules are handed. */
  parameterIn([text, ...more]: readonly AnyNode[]): string | undefined {
    if (this.#links.isModule || more.length > 0 || text?.type !== 'Literal') return undefined;
    const name = String(text.value);
    return !name.startsWith(OWN) && this.#links.parameters.includes(name) ? name : undefined;
  }

  #namespace(specifier: string): string {
    return `${OWN}m[${this.#links.specifiers.indexOf(specifier)}]`;
  }

  statement(node: AnyNode): boolean {
    switch (node.type) {
      case 'ImportDeclaration':
        this.#import(node);
        return true;
      case 'ExportAllDeclaration':
        this.#exportAll(node);
        return true;
      case 'ExportDefaultDeclaration':
        this.#exportDefault(node);
        return true;
      case 'ExportNamedDeclaration':
        this.#exportNamed(node);
        return true;
      default:
        return false;
    }
  }

  #import(node: AnyNode & { type: 'ImportDeclaration' }): void {
    const specifier = String(node.source.value);
    const namespace = this.#namespace(specifier);
    for (const imported of node.specifiers) {
      const local = imported.local.name;
      const name =
        imported.type === 'ImportDefaultSpecifier'
          ? 'default'
          : imported.type === 'ImportSpecifier'
            ? nameOf(imported.imported)
            : undefined;
      if (name === undefined) this.#bindings.push(`const ${local} = ${namespace};`);
      else if (this.#links.isLive(specifier, name)) this.#liveBinding(local, namespace, name);
      else this.#bindings.push(`const ${local} = ${namespace}[${JSON.stringify(name)}];`);
    }
    this.#cx.replace(node.start, node.end, '');
  }

  #liveBinding(local: string, namespace: string, name: string): void {
    this.#live.set(local, `${namespace}[${JSON.stringify(name)}]`);
    if (this.#cx.names.scope.declared.get(local) === 1) return;
    this.#ambiguous.add(local);
    this.#meant = undefined;
  }

  /** Names of live imports that are declared once more somewhere, and the places that mean the imports. */
  readonly #ambiguous = new Set<string>();
  #meant: ReadonlySet<AnyNode> | undefined;

  /** A use of an imported name that changes. */
  reference(node: Identifier, isShort: boolean): void {
    const text = this.#live.get(node.name);
    if (text === undefined) return;
    if (this.#ambiguous.has(node.name)) {
      this.#meant ??= usesOf(this.#program, this.#ambiguous);
      if (!this.#meant.has(node)) return;
    }
    this.#cx.replace(node.start, node.end, isShort ? `${node.name}: ${text}` : text);
  }

  #exportAll(node: AnyNode & { type: 'ExportAllDeclaration' }): void {
    const namespace = this.#namespace(String(node.source.value));
    if (node.exported) {
      this.#exports.push(`${JSON.stringify(nameOf(node.exported))}: () => ${namespace}`);
    } else {
      this.#bindings.push(`${RUNTIME}.exportAll(${OWN}x, ${namespace});`);
    }
    this.#cx.replace(node.start, node.end, '');
  }

  #exportDefault(node: AnyNode & { type: 'ExportDefaultDeclaration' }): void {
    const cx = this.#cx;
    const { declaration } = node;
    this.#visit(declaration);
    const isDeclared =
      (declaration.type === 'FunctionDeclaration' || declaration.type === 'ClassDeclaration') &&
      declaration.id !== null;
    if (isDeclared) {
      this.#exports.push(`default: () => ${declaration.id.name}`);
      cx.replace(node.start, declaration.start, '');
      return;
    }
    this.#exports.push(`default: () => ${OWN}default`);
    cx.replace(node.start, declaration.start, `const ${OWN}default = (`);
    cx.replaceEnd(declaration, node, ');');
  }

  #exportNamed(node: AnyNode & { type: 'ExportNamedDeclaration' }): void {
    const cx = this.#cx;
    const { declaration } = node;
    if (declaration) {
      this.#visit(declaration);
      const names =
        declaration.type === 'VariableDeclaration'
          ? declaration.declarations.flatMap((d) => namesOf(d.id))
          : [declaration.id.name];
      for (const name of names) this.#exports.push(`${name}: () => ${name}`);
      cx.replace(node.start, declaration.start, '');
      return;
    }
    const from = node.source ? this.#namespace(String(node.source.value)) : undefined;
    for (const { local, exported } of node.specifiers) {
      const value =
        from === undefined
          ? this.#local(nameOf(local))
          : `${from}[${JSON.stringify(nameOf(local))}]`;
      this.#exports.push(`${JSON.stringify(nameOf(exported))}: () => ${value}`);
    }
    cx.replace(node.start, node.end, '');
  }

  #local(name: string): string {
    return this.#live.get(name) ?? name;
  }

  /** `import(…)`: asks the loader for the module, when it is executed. */
  dynamic(node: ImportExpression): boolean {
    const cx = this.#cx;
    this.#visit(node.source);
    if (!cx.fn.resumable) throw cx.rejection(node, 'import() where nothing can be interrupted');
    const { source } = node;
    cx.replace(
      node.start,
      source.start,
      `(${RUNTIME}.at = ${cx.site(node, 'import')}, yield* ${OWN}import[${KEY_CALL}](`,
    );
    cx.replace(source.end, node.end, '))');
    return true;
  }
}

function nameOf(node: Identifier | { readonly type: 'Literal'; readonly value?: unknown }): string {
  return node.type === 'Identifier' ? node.name : String(node.value);
}
