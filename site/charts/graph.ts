import { type Html, html } from '../../core/text/html.ts';
import type { Tone } from '../tone.ts';

export interface GraphNode {
  id: string;
  /** The second line, such as its state. */
  said: string;
  tone: Tone;
  href?: string | undefined;
}

export interface Graph {
  /** What a screen reader says of the picture. */
  title: string;
  nodes: readonly GraphNode[];
  /** From what comes first to what depends on it. */
  edges: readonly (readonly [from: string, to: string])[];
}

const box = { width: 176, height: 42 };
const space = { x: 56, y: 12 };
const longestLabel = 23;

/** A graph without cycles, in columns: each node to the right of all that it depends on. */
export function graph({ title, nodes, edges }: Graph): Html {
  const columns = columnsOf(nodes, edges);
  const tallest = Math.max(...columns.map(({ length }) => length), 1);
  const size = {
    width: columns.length * (box.width + space.x) - space.x + 2,
    height: tallest * (box.height + space.y) - space.y + 2,
  };
  const places = new Map(
    columns.flatMap((column, x) => {
      // Short columns are centred beside the tall ones.
      const before = (size.height - (column.length * (box.height + space.y) - space.y)) / 2;
      return column.map(({ id }, y) => {
        const place = { x: 1 + x * (box.width + space.x), y: before + y * (box.height + space.y) };
        return [id, place] as const;
      });
    }),
  );
  const lines = edges.map(([from, to]) => {
    const [one, other] = [places.get(from), places.get(to)];
    if (!one || !other) return undefined;
    const [x1, y1, x2, y2] = [one.x + box.width, one.y + box.height / 2, other.x, other.y + box.height / 2];
    return html`<path d="M${x1} ${y1}C${x1 + space.x / 2} ${y1} ${x2 - space.x / 2} ${y2} ${x2} ${y2}"/>`;
  });
  return html`<div class="graph" tabindex="0" role="region" aria-label="${title}"><svg width="${size.width}" height="${size.height}" viewBox="0 0 ${size.width} ${size.height}" role="group">
<g class="edges">${lines}</g>${nodes.map((node) => drawn(node, places.get(node.id)))}</svg></div>`;
}

function drawn({ id, said, tone, href }: GraphNode, place: { x: number; y: number } | undefined): Html | undefined {
  if (!place) return undefined;
  const label = id.length > longestLabel ? `${id.slice(0, longestLabel - 1)}…` : id;
  const content = html`<title>${id}${said && `: ${said}`}</title><rect class="node ${tone}" x="${place.x}" y="${place.y}" width="${box.width}" height="${box.height}" rx="6"/><text x="${place.x + 10}" y="${place.y + (said ? 18 : 26)}">${label}</text>${said && html`<text class="said ${tone}" x="${place.x + 10}" y="${place.y + 34}">${said}</text>`}`;
  return href ? html`<a href="${href}">${content}</a>` : html`<g>${content}</g>`;
}

/** The nodes by their longest way from one that depends on nothing. */
function columnsOf(nodes: readonly GraphNode[], edges: Graph['edges']): GraphNode[][] {
  const depths = new Map(nodes.map(({ id }) => [id, 0]));
  // Each round settles one more column; a cycle, which the index refuses, ends with the rounds.
  for (let round = 1; round < nodes.length; round += 1) {
    let isSettled = true;
    for (const [from, to] of edges) {
      const depth = (depths.get(from) ?? -1) + 1;
      if (!depths.has(to) || depth <= (depths.get(to) ?? 0) || depth > nodes.length) continue;
      depths.set(to, depth);
      isSettled = false;
    }
    if (isSettled) break;
  }
  const columns: GraphNode[][] = [];
  for (const node of nodes) {
    const depth = depths.get(node.id) ?? 0;
    columns[depth] = [...(columns[depth] ?? []), node];
  }
  return columns.filter((column) => column !== undefined);
}
