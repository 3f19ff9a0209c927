import { join } from 'node:path';
import { z } from 'zod';
import { run } from './command.ts';

const program = join(import.meta.dirname, '../builder/report-confinement.ts');
const schema = z.object({ isConfined: z.boolean(), description: z.string() });

/** What keeps builds from this machine, in a sentence, and what to do where nothing does. */
export async function describeConfinement(env: Record<string, string>, trustsBuilds: boolean): Promise<string> {
  const answer = await run(process.execPath, [program], { environment: env });
  const { isConfined, description } = schema.parse(JSON.parse(answer));
  if (isConfined) return `Builds run in ${description}.`;
  if (trustsBuilds) return `--trust-builds: builds run in ${description}. Push nothing here that you do not trust.`;
  return 'Builds will be refused: no container can be started here, so that nothing would keep them from this machine. Install a runtime that works here (crun, or Docker), or start with --trust-builds if you trust all that you build.';
}
