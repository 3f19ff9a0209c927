import { planCascade } from '../core/cascade/rebuild-order.ts';
import { createCascadeWorld } from '../test/core/cascade/cascade-world.ts';
import { atMost, median, type Row, rowOf } from './report.ts';

const projects = 100_000;
const fanOut = 50_000;

/**
 * One base image with 50,000 children; below them layers of projects that depend on three of the layer above each, so that most of them
 * reached in many ways; and a few entries that nothing leads to.
 */
function graph(): Map<string, string[]> {
  const children = new Map<string, string[]>([['base', []]]);
  const add = (parent: string, child: string) => {
    const known = children.get(parent);
    if (known) known.push(child);
    else children.set(parent, [child]);
  };
  let above: string[] = [];
  let at = 1;
  for (; at <= fanOut; at++) {
    add('base', `p${at}`);
    above.push(`p${at}`);
  }
  const layerSize = Math.floor((projects - fanOut - 1) / 5);
  for (let layer = 0; layer < 5; layer++) {
    const names: string[] = [];
    for (let position = 0; position < layerSize; position++, at++) {
      for (let parent = 0; parent < 3; parent++)
        add(above[(position * 7 + parent * 311) % above.length] ?? 'base', `p${at}`);
      names.push(`p${at}`);
    }
    above = names;
  }
  return children;
}

export async function run(): Promise<Row[]> {
  const children = graph();
  const childrenOf = (project: string) => children.get(project) ?? [];
  const seconds: number[] = [];
  let concerned = 0;
  for (let count = 0; count < 5; count++) {
    const begun = performance.now();
    concerned = planCascade(['base'], childrenOf).members.length;
    seconds.push((performance.now() - begun) / 1000);
  }

  // The last of what could happen is always next: a queue of 100,000 steps is shortened at its end.
  const world = createCascadeWorld({ children, pick: (length) => Math.max(0, length - 1), endOf: () => 'released' });
  const begun = performance.now();
  world.announce('event', ['base']);
  while (world.advance());
  const whole = (performance.now() - begun) / 1000;

  const row = rowOf('cascade');
  return [
    row('projects concerned', concerned, ''),
    row('fan-out of the base', childrenOf('base').length, ''),
    row('planned in', median(seconds), 's', atMost(2, median(seconds))),
    row(
      'builds started, less projects concerned',
      world.begun.length - concerned,
      '',
      atMost(0, Math.abs(world.begun.length - concerned)),
    ),
    row('every step of it decided in', whole, 's'),
  ];
}
