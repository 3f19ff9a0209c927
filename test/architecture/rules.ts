import type { SourceFile } from './source-files.ts';

const product = ['core', 'services', 'functions', 'builder', 'infra', 'cli', 'site'];

/** By folder: which others it may import, and what to do where something else seems to be needed. */
const layers: Record<string, { imports: string[]; remedy: string }> = {
  core: {
    imports: [],
    remedy: 'Pass what it needs in as a value or a function, or move what asks the outside into services/.',
  },
  services: {
    imports: ['core'],
    remedy: 'Move a rule that both need into core/, and a workflow that needs several services into functions/.',
  },
  site: { imports: ['services', 'core'], remedy: 'Move what both need into core/ or services/.' },
  functions: {
    imports: ['services', 'core'],
    remedy:
      'Move what both need into core/ or services/. Only functions/site.ts and functions/inform-operators.ts serve site/.',
  },
  builder: { imports: ['services', 'core'], remedy: 'Move what both need into core/ or services/.' },
  infra: {
    imports: ['services', 'core'],
    remedy: 'A function is named by its file, and a variable by services/environment.ts; neither needs its code.',
  },
  cli: { imports: ['services', 'core'], remedy: 'Move what both need into core/ or services/.' },
  local: {
    imports: [],
    remedy: 'local/ runs the template. What it must know of the product has to stand in the template.',
  },
  docs: { imports: ['core'], remedy: 'What is written into docs/ comes from core/.' },
  examples: { imports: [], remedy: 'An example stands by itself, as a project of a stranger does.' },
  test: { imports: [...product, 'local'], remedy: 'Move what a measurement and a test share into test/.' },
  bench: { imports: [...product, 'local', 'test'], remedy: 'Move it to where the others are.' },
};

/** The Lambda that serves the pages is the one way into them; the tests' configuration has their limits, and where their files go. */
const ownImports: Record<string, string[]> = {
  'functions/site.ts': ['site'],
  'functions/inform-operators.ts': ['site'],
  'vitest.config.ts': ['local', 'test'],
};

/** Small, without input and output; undefined: all of it. */
const pureModules: Record<string, string[] | undefined> = {
  '@sigstore/bundle': undefined,
  '@sigstore/core': undefined,
  '@sigstore/verify': undefined,
  croner: undefined,
  'node:crypto': ['createHash', 'createHmac', 'createPublicKey', 'timingSafeEqual'],
  'node:net': ['BlockList', 'isIP', 'isIPv4'],
  'node:url': ['domainToASCII'],
  'packageurl-js': undefined,
  semver: undefined,
  'spdx-license-ids': undefined,
  yaml: undefined,
  zod: undefined,
};

/** The worker runs the bundle that the template names. */
const mayComputeImports = ['local/aws/lambda/worker.ts'];

const capabilityLayers = ['core', 'services', 'functions', 'site', 'builder', 'cli'];

/** Imports point one way: infra, functions, builder, cli, site → services → core. */
export function wrongWays(files: readonly SourceFile[]): string[] {
  return files.flatMap(({ path, imports }) => {
    const folder = topOf(path);
    const layer = layers[folder];
    if (folder !== '' && !layer) {
      return [`${path}: nothing says what ${folder}/ may import. Give it a line in test/architecture/rules.ts.`];
    }
    const allowed = [folder, ...(layer?.imports ?? []), ...(ownImports[path] ?? [])];
    return imports
      .filter(({ module }) => topOf(module) in layers && !allowed.includes(topOf(module)))
      .map(({ module, line }) => {
        const others = layer?.imports.length ? `only ${layer.imports.join(', ')}` : 'nothing';
        return `${path}:${line} imports ${module}. Of the other folders ${folder}/ may import ${others}. ${layer?.remedy ?? ''}`;
      });
  });
}

/** A Lambda is an end: what two of them need is a workflow. Tests and measurements call it as AWS does. */
export function importedLambdas(files: readonly SourceFile[]): string[] {
  return files
    .filter(({ path }) => product.includes(topOf(path)))
    .flatMap(({ path, imports }) =>
      imports
        .filter(({ module }) => topOf(module) === 'functions' && capabilityOf(module) === module)
        .map(
          ({ module, line }) =>
            `${path}:${line} imports ${module}, which is a Lambda. Move what both need into functions/<capability>/.`,
        ),
    );
}

/** `core` has no AWS, no files, no environment and no clock: the same arguments give the same answer. */
export function impurities(files: readonly SourceFile[]): string[] {
  return files
    .filter(({ path }) => topOf(path) === 'core')
    .flatMap(({ path, imports, outsideWorld }) => [
      ...imports
        .filter(({ module }) => !(topOf(module) in layers))
        .flatMap(({ module, names, line }) => {
          const library = packageOf(module);
          if (!(library in pureModules)) {
            return [
              `${path}:${line} imports ${module}. core/ imports small pure libraries only: ${Object.keys(pureModules).join(', ')}. ` +
                'Pass in what the library gives, or, if it is small and pure, add it to the list in test/architecture/rules.ts.',
            ];
          }
          const pure = pureModules[library];
          if (!pure || names?.every((name) => pure.includes(name))) return [];
          return [
            `${path}:${line} imports ${names?.join(', ') ?? 'all'} of ${module}. core/ may import ${pure.join(', ')} of it: the rest is not pure. Pass in what it gives.`,
          ];
        }),
      ...outsideWorld.map(
        ({ name, line }) =>
          `${path}:${line} uses ${name}. core/ has no clock, no chance, no process and no network of its own. Take it as an argument, without a default.`,
      ),
    ]);
}

/** What an import names must be readable, or no rule holds it. */
export function computedImports(files: readonly SourceFile[]): string[] {
  return files
    .filter(({ path }) => !mayComputeImports.includes(path))
    .flatMap(({ path, computedImports: lines }) =>
      lines.map((line) => `${path}:${line} computes what it imports. Write the name as a text between quotes.`),
    );
}

/** Files that import each other, be it types only, can only be understood together. */
export function fileCycles(files: readonly SourceFile[]): string[] {
  const known = new Set(files.map(({ path }) => path));
  const graph = new Map(
    files.map(({ path, imports }) => [
      path,
      imports.map(({ module }) => module).filter((module) => known.has(module) && module !== path),
    ]),
  );
  return cyclesOf(graph).map(
    (cycle) =>
      `${cycle} import each other. Move what both need into a file that imports neither, or pass it in; an import of a type counts too.`,
  );
}

/** The same between capabilities: `core/policy` above `core/model` is an order, both ways is a knot. */
export function folderCycles(files: readonly SourceFile[]): string[] {
  const graph = new Map<string, Set<string>>();
  for (const { path, imports } of files) {
    if (!capabilityLayers.includes(topOf(path))) continue;
    const from = capabilityOf(path);
    const reached = graph.get(from) ?? new Set();
    graph.set(from, reached);
    for (const { module } of imports) {
      const to = capabilityOf(module);
      if (topOf(module) === topOf(path) && to !== from) reached.add(to);
    }
  }
  return cyclesOf(graph).map(
    (cycle) =>
      `${cycle} import each other. Move the file that goes the other way to the capability that it belongs to.`,
  );
}

/** For each knot the shortest ways round, as `a → b → a`. */
function cyclesOf(graph: ReadonlyMap<string, Iterable<string>>): string[] {
  const reported = new Set<string>();
  const cycles: string[] = [];
  for (const start of [...graph.keys()].sort()) {
    if (reported.has(start)) continue;
    const cycle = shortestCycle(start, graph);
    for (const member of cycle ?? []) reported.add(member);
    if (cycle) cycles.push([...cycle, start].join(' → '));
  }
  return cycles;
}

function shortestCycle(start: string, graph: ReadonlyMap<string, Iterable<string>>): string[] | undefined {
  const paths = [[start]];
  const seen = new Set<string>();
  for (const path of paths) {
    for (const next of graph.get(path.at(-1) ?? '') ?? []) {
      if (next === start) return path;
      if (!seen.has(next)) paths.push([...path, next]);
      seen.add(next);
    }
  }
  return undefined;
}

/** The folder at the root that a path is in; '' for a file at the root, and for a package. */
export function topOf(path: string): string {
  const [top = '', ...rest] = path.split('/');
  return rest.length > 0 ? top : '';
}

/** `core/policy` of all in it; a file beside the folders stands for itself. */
export function capabilityOf(path: string): string {
  const [top, second, ...rest] = path.split('/');
  return rest.length > 0 ? `${top}/${second}` : path;
}

function packageOf(module: string): string {
  const [first = '', second] = module.split('/');
  return first.startsWith('@') ? `${first}/${second}` : first;
}
