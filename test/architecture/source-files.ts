import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { parseSync, Visitor } from 'oxc-parser';

/** What a file of TypeScript imports and names, as far as the rules of the tree ask for it. Paths are from the root of the repository. */
export interface SourceFile {
  path: string;
  imports: Import[];
  /** Places where it names the clock, chance, the process, the network or a timer. */
  outsideWorld: { name: string; line: number }[];
  /** Lines of imports whose module only the running program knows. */
  computedImports: number[];
}

export interface Import {
  /** A path for what the repository has, otherwise the name of a package or of a module of Node. */
  module: string;
  /** Undefined where the whole module is taken: `* as`, `export *`, `import()`. */
  names: string[] | undefined;
  line: number;
}

const root = join(import.meta.dirname, '..', '..');

/** Every file of TypeScript that git knows or is about to know. */
export function readSourceFiles(): SourceFile[] {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '*.ts'], {
    cwd: root,
    encoding: 'utf8',
  });
  return listed
    .split('\0')
    .filter((path) => path !== '' && existsSync(join(root, path)))
    .map((path) => parseSourceFile(path, readFileSync(join(root, path), 'utf8')));
}

const outsideWorld = new Set([
  'console',
  'crypto',
  'fetch',
  'globalThis',
  'performance',
  'process',
  'setImmediate',
  'setInterval',
  'setTimeout',
]);

export function parseSourceFile(path: string, text: string): SourceFile {
  const file: SourceFile = { path, imports: [], outsideWorld: [], computedImports: [] };
  const { program, errors } = parseSync(path, text);
  if (errors[0]) throw new Error(`${path} is not read: ${errors[0].message}`);

  const lineOf = ({ start }: { start: number }) => text.slice(0, start).split('\n').length;
  const imported = (source: { value: string; start: number }, names?: string[]) => {
    const module = source.value.startsWith('.') ? posix.join(posix.dirname(path), source.value) : source.value;
    file.imports.push({ module, names, line: lineOf(source) });
  };
  const named = (name: string, node: { start: number }) => file.outsideWorld.push({ name, line: lineOf(node) });
  /** `process` in `record.process`, in `{ process: 1 }` and in an import is no more than a name. */
  const onlyNames = new Set<object>();

  new Visitor({
    ImportDeclaration({ source, specifiers }) {
      const names = specifiers.map((each) => {
        onlyNames.add(each.local);
        if (each.type === 'ImportDefaultSpecifier') return 'default';
        if (each.type === 'ImportNamespaceSpecifier') return undefined;
        onlyNames.add(each.imported);
        return each.imported.type === 'Literal' ? each.imported.value : each.imported.name;
      });
      imported(source, names.includes(undefined) ? undefined : names.filter((name) => name !== undefined));
    },
    ExportNamedDeclaration({ source }) {
      if (source) imported(source);
    },
    ExportAllDeclaration: ({ source }) => imported(source),
    TSImportType: ({ source }) => imported(source),
    TSExternalModuleReference: ({ expression }) => imported(expression),
    ImportExpression({ source, start }) {
      if (source.type === 'Literal' && typeof source.value === 'string') {
        imported({ value: source.value, start: source.start });
      } else file.computedImports.push(lineOf({ start }));
    },
    MemberExpression(node) {
      if (node.computed) return;
      onlyNames.add(node.property);
      const { object, property } = node;
      if (object.type !== 'Identifier' || property.type !== 'Identifier') return;
      const name = `${object.name}.${property.name}`;
      if (name === 'Date.now' || name === 'Math.random') named(name, node);
    },
    NewExpression(node) {
      const { callee } = node;
      if (callee.type === 'Identifier' && callee.name === 'Date' && node.arguments.length === 0) {
        named('new Date()', node);
      }
    },
    CallExpression(node) {
      if (node.callee.type === 'Identifier' && node.callee.name === 'Date') named('Date()', node);
    },
    MetaProperty(node) {
      if (node.meta.name === 'import') named('import.meta', node);
    },
    Property({ key, computed, shorthand }) {
      if (!computed && !shorthand) onlyNames.add(key);
    },
    TSPropertySignature({ key, computed }) {
      if (!computed) onlyNames.add(key);
    },
    Identifier(node) {
      if (outsideWorld.has(node.name) && !onlyNames.has(node)) named(node.name, node);
    },
  }).visit(program);
  return file;
}
