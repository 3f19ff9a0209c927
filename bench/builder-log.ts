import type { BuilderSteps } from '../core/model/builder-contract.ts';

/** When a step of the builder began, in seconds. */
export function since(log: string, step: string): number {
  return Number(new RegExp(`^==> ${step} \\(.*\\+([\\d.]+) s\\)$`, 'm').exec(log)?.[1]);
}

/** The steps of the builder, in tenths of a second. */
export function stepsOf(log: string): BuilderSteps['steps'] {
  const headings = [...log.matchAll(/^==> (\S+) \((\S+), \+([\d.]+) s\)$/gm)];
  const start = Date.parse(headings[0]?.[2] ?? '') - 1000 * Number(headings[0]?.[3]);
  return headings.map(([, name = '', , after]) => ({
    name,
    startedAt: new Date(start + 1000 * Number(after)).toISOString(),
  }));
}
