import { capabilityOf, topOf } from './rules.ts';
import type { SourceFile } from './source-files.ts';

type Graph = ReadonlyMap<string, ReadonlySet<string>>;

/** Folders that hold what all others of their layer build on: an arrow from each would say nothing. */
const foundations = ['core/model', 'core/text', 'core/time'];

const layers = ['infra', 'cli', 'builder', 'functions', 'site', 'services', 'core', 'local'];

/** `docs/import-graph.md`: which folder imports which, as Mermaid pictures of the real imports. */
export function drawImportGraph(files: readonly SourceFile[]): string {
  return `# The import graph

Drawn from the imports themselves, those of types too. \`test/architecture/layers.test.ts\` compares this file with them and, with \`-u\`,
writes it anew. An arrow points from a folder to one that it imports. One that follows from others is left out: A → C, where there is
A → B → C. What may import what, and why not the other way, is in \`test/architecture/rules.ts\`.

## The layers

\`functions\` import \`site\` only where a Lambda serves the pages. \`local\` runs the template, and imports nothing of the product.

${picture(graphOf(files, layers, topOf))}
## \`core\`: the rules

Without ${foundations.map((folder) => `\`${folder}\``).join(', ')}, which all may import and which import none of the others.

${capabilities(files, 'core')}
## \`services\`: what Slipway talks to

${capabilities(files, 'services')}
## \`functions\`: Lambdas and the workflows that they share

${capabilities(files, 'functions')}`;
}

/** The folders of one layer. Its Lambdas are drawn as one; its other single files are not. */
function capabilities(files: readonly SourceFile[], layer: string): string {
  const nodeOf = (path: string) => {
    const folder = capabilityOf(path);
    return folder === path && topOf(path) === 'functions' ? 'functions/*.ts' : folder;
  };
  const own = files.filter(({ path }) => topOf(path) === layer);
  const isDrawn = (node: string) => !foundations.includes(node) && (node.endsWith('*.ts') || !node.endsWith('.ts'));
  const nodes = new Set(own.map(({ path }) => nodeOf(path)).filter(isDrawn));
  return picture(graphOf(own, [...nodes], nodeOf));
}

function graphOf(files: readonly SourceFile[], nodes: readonly string[], nodeOf: (path: string) => string): Graph {
  const graph = new Map(nodes.toSorted().map((node) => [node, new Set<string>()]));
  for (const { path, imports } of files) {
    const from = nodeOf(path);
    for (const to of imports.map(({ module }) => nodeOf(module))) {
      if (to !== from && graph.has(to)) graph.get(from)?.add(to);
    }
  }
  return graph;
}

function picture(graph: Graph): string {
  const named = (node: string) => `  ${idOf(node)}["${node}"]`;
  const arrows = [...graph].flatMap(([from, reached]) =>
    [...reached].filter((to) => !hasLongerWay(graph, from, to)).map((to) => `  ${idOf(from)} --> ${idOf(to)}`),
  );
  return `\`\`\`mermaid\nflowchart TD\n${[...[...graph.keys()].map(named), ...arrows.toSorted()].join('\n')}\n\`\`\`\n`;
}

const idOf = (node: string) => node.replaceAll(/[^a-z]/g, '_');

function hasLongerWay(graph: Graph, from: string, to: string): boolean {
  const reached = new Set([...(graph.get(from) ?? [])].filter((node) => node !== to));
  for (const node of reached) for (const next of graph.get(node) ?? []) reached.add(next);
  return reached.has(to);
}
