/** Every exported value of `src` is imported somewhere. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import test from 'ava';
import ts from 'typescript';

/** What is found by its name at run time, or is for users: of these files every export counts as imported. */
const LOADED: readonly RegExp[] = [
  /^src\/(index|sync\/index|javascript\/index|testing\/(ava|node-test|vitest))\.ts$/,
  /^src\/catalog\/(races|systems)\//, // scenarios: `explore` lists what a file exports
  /^src\/catalog\/proposals\//, // kernel functions that replace those of their names
  /^src\/(catalog\/stress|shell\/kernel\/(machine|scenario))\.ts$/, // built, or explored, by name
  /^src\/(threads\/replaced-hooks|javascript\/threads\/hooks)\.ts$/, // hooks of Node's module loader
  /^src\/javascript\/library\//, // the modules of Node that a program imports
];

interface Module {
  /** Names of exported values. */
  readonly values: readonly string[];
  /** What it imports or exports from other files: `FILE#NAME`, or `FILE#*` for everything. */
  readonly uses: readonly string[];
}

function nameOf(binding: ts.BindingName): string[] {
  if (ts.isIdentifier(binding)) return [binding.text];
  return binding.elements.flatMap((it) => (ts.isBindingElement(it) ? nameOf(it.name) : []));
}

function valuesOf(statement: ts.Statement): string[] {
  const isExported =
    ts.canHaveModifiers(statement) &&
    ts.getModifiers(statement)?.some((it) => it.kind === ts.SyntaxKind.ExportKeyword) === true;
  if (!isExported) return [];
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.flatMap(({ name }) => nameOf(name));
  }
  const isValue = ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement);
  return isValue ? [statement.name?.text ?? 'default'] : [];
}

/** The source file that a relative specifier means. */
function resolve(from: string, specifier: ts.Node | undefined): string | undefined {
  if (specifier === undefined || !ts.isStringLiteral(specifier)) return undefined;
  if (!specifier.text.startsWith('.')) return undefined;
  const file = normalize(join(dirname(from), specifier.text)).replace(/\.(c?)js$/, '.$1ts');
  return existsSync(file) ? file : undefined;
}

function usesOf(from: string, source: ts.SourceFile): string[] {
  const uses: string[] = [];
  const add = (specifier: ts.Node | undefined, names: readonly string[]): void => {
    const file = resolve(from, specifier);
    if (file !== undefined) uses.push(...names.map((name) => `${file}#${name}`));
  };
  const imported = (it: ts.ImportSpecifier | ts.ExportSpecifier): string =>
    (it.propertyName ?? it.name).text;
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) {
      const { name, namedBindings: named } = node.importClause ?? {};
      if (name) add(node.moduleSpecifier, ['default']);
      if (named && ts.isNamedImports(named))
        add(node.moduleSpecifier, named.elements.map(imported));
      else if (named) add(node.moduleSpecifier, ['*']);
    } else if (ts.isExportDeclaration(node)) {
      const { exportClause } = node;
      const isNamed = exportClause !== undefined && ts.isNamedExports(exportClause);
      add(node.moduleSpecifier, isNamed ? exportClause.elements.map(imported) : ['*']);
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node.arguments[0], ['*']);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return uses;
}

function moduleOf(file: string): Module {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest);
  return { values: source.statements.flatMap(valuesOf), uses: usesOf(file, source) };
}

/** Exported values that nobody imports, as `FILE#NAME`. */
function unused(modules: ReadonlyMap<string, Module>): string[] {
  const used = new Set([...modules.values()].flatMap(({ uses }) => uses));
  return [...modules].flatMap(([file, { values }]) =>
    used.has(`${file}#*`)
      ? []
      : values.map((name) => `${file}#${name}`).filter((it) => !used.has(it)),
  );
}

test('every value that src exports is imported somewhere', (t) => {
  const files = ['src', 'test', 'bench', 'workers'].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.c?ts$/.test(name) && !name.endsWith('.d.ts'))
      .map((name) => join(folder, name)),
  );
  const modules = new Map(files.map((file) => [file, moduleOf(file)]));
  t.true(modules.size > 900);
  const dead = unused(modules).filter(
    (it) => it.startsWith('src/') && !LOADED.some((known) => known.test(it.split('#', 1)[0]!)),
  );
  t.deepEqual(dead, []);
});

test('an export that nobody imports would be found', (t) => {
  const modules = new Map([
    ['a.ts', { values: ['one', 'two'], uses: [] }],
    ['b.ts', { values: ['three'], uses: ['a.ts#one'] }],
    ['c.ts', { values: ['four'], uses: ['b.ts#*', 'c.ts#four'] }],
  ]);
  t.deepEqual(unused(modules), ['a.ts#two']);
});
