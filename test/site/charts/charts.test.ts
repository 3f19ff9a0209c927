import { describe, expect, it } from 'vitest';
import { type Bar, barChart, highest } from '../../../site/charts/bar-chart.ts';
import { type GraphNode, graph } from '../../../site/charts/graph.ts';
import { cpuTime } from '../../cpu-time.ts';

const evil = '"><script>alert(1)</script>';
const rects = (svg: string, className: string) =>
  [
    ...svg.matchAll(new RegExp(`<rect class="${className}" x="([\\d.]+)" y="([\\d.]+)" [^>]*height="([\\d.]+)"`, 'g')),
  ].map(([, ...numbers]) => numbers.map(Number));

describe('a bar chart', () => {
  const bars: Bar[] = [
    { label: 'first', href: '/builds/1', parts: [{ className: 'good', value: 50 }] },
    {
      label: evil,
      href: '/builds/2',
      parts: [
        { className: 'low', value: 25 },
        { className: 'bad', value: 75 },
      ],
    },
    { label: 'none', href: '/builds/3', parts: [{ className: 'good', value: 0 }] },
  ];
  const svg = barChart({ title: 'How long builds took', bars }).toString();

  it('has a bar for each, as high as its value, its parts one on the other', () => {
    const [[, , half = 0] = []] = rects(svg, 'good');
    const [[x = 0, y = 0, height = 0] = []] = rects(svg, 'bad');
    expect(half).toBe(58);
    expect(height).toBe(87);
    expect(rects(svg, 'low')[0]?.[1]).toBe(y + height);
    expect(x).toBeGreaterThan(0);
    expect(highest(bars)).toBe(100);
  });

  it('says what it shows, and where each bar leads', () => {
    expect(svg).toContain('aria-label="How long builds took"');
    expect(svg).toContain('<a href="/builds/1" tabindex="-1"><title>first</title>');
    expect(svg).not.toContain('<script>');
  });

  it('is empty without bars', () => {
    expect(barChart({ title: 'none', bars: [] }).toString()).not.toContain('NaN');
  });
});

describe('a graph', () => {
  const node = (id: string): GraphNode => ({ id, said: 'waiting', tone: 'quiet', href: '/x' });
  const columns = (nodes: GraphNode[], edges: [string, string][]) => {
    const text = graph({ title: 'Order', nodes, edges }).toString();
    return Object.fromEntries(
      [...text.matchAll(/<title>([^:]+): waiting<\/title><rect class="node quiet" x="(\d+)"/g)].map(([, id, x]) => [
        id,
        (Number(x) - 1) / 232,
      ]),
    );
  };

  it('has each node to the right of all that it depends on, however long the way', () => {
    const nodes = ['app', 'base', 'lib', 'tool'].map(node);
    expect(
      columns(nodes, [
        ['base', 'app'],
        ['base', 'lib'],
        ['lib', 'app'],
        ['gone', 'tool'],
      ]),
    ).toEqual({ base: 0, tool: 0, lib: 1, app: 2 });
  });

  it('ends also where nodes depend on each other', () => {
    const nodes = Array.from({ length: 60 }, (_, at) => node(`n${at}`));
    const edges = nodes.flatMap(({ id }, at) => [[id, `n${(at + 1) % 60}`] as [string, string]]);
    const began = cpuTime();
    expect(Object.keys(columns(nodes, edges))).toHaveLength(60);
    expect(cpuTime() - began).toBeLessThan(1000);
  });

  it('shows names as text', () => {
    const text = graph({ title: evil, nodes: [node(evil)], edges: [] }).toString();
    expect(text).not.toContain('<script>');
  });
});
