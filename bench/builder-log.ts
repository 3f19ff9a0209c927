/** When a step of the builder began, in seconds. */
export function since(log: string, step: string): number {
  return Number(new RegExp(`^==> ${step} \\(.*\\+([\\d.]+) s\\)$`, 'm').exec(log)?.[1]);
}
