/** When a step of the builder began, in seconds. */
export function since(log: string, step: string): number {
  return Number(new RegExp(`^==> ${step} \\(.*\\+([\\d.]+) s\\)$`, 'm').exec(log)?.[1]);
}

/** The steps of the builder, and when each began, in seconds. */
export function stepsOf(log: string): [name: string, at: number][] {
  return [...log.matchAll(/^==> (\S+) \(.*\+([\d.]+) s\)$/gm)]
    .map(([, name = '', at]): [string, number] => [name, Number(at)])
    .filter(([name]) => name !== 'done');
}
