import { run } from '../../cli/program.ts';
import type { Terminal } from '../../cli/terminal.ts';

/** The command `slipway` as a program calls it: what it prints goes to no terminal. */
export async function slipway(args: readonly string[], terminal: Partial<Terminal> = {}) {
  const [out, err]: [string[], string[]] = [[], []];
  const code = await run(args, {
    out: (text) => out.push(text),
    err: (text) => err.push(text),
    width: Number.POSITIVE_INFINITY,
    colours: false,
    ...terminal,
  });
  return { code, out: out.join(''), err: err.join('') };
}
