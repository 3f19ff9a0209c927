import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { ShownBuild, SlipwayClient } from './slipway-client.ts';
import { type Operator, slipway } from './slipway-command.ts';
import type { Steps } from './steps.ts';
import { PromiseBrokenError } from './watch.ts';

const proofSchema = z.object({
  verified: z.boolean(),
  provenance: z.object({
    buildDefinition: z.object({
      resolvedDependencies: z.array(z.object({ digest: z.object({ gitCommit: z.string().optional() }) })),
    }),
  }),
});

interface Verifier {
  client: SlipwayClient;
  operator: Operator;
  steps: Steps;
  workspace: string;
}

/** Verifies a release as anybody does who has the public key: with the command, which needs no access to AWS for it. */
export async function verifyRelease(
  { client, operator, steps, workspace }: Verifier,
  build: ShownBuild,
): Promise<string> {
  return await steps.run(
    'verify the signature',
    120,
    async (task, signal) => {
      const key = join(workspace, 'cosign.pub');
      await writeFile(key, await client.page('/.well-known/slipway/cosign.pub'));
      const image = `${build.image?.repository}@${build.image?.digest}`;
      task.update(`slipway verify ${image} --key cosign.pub`);
      const answer = await slipway(operator, ['verify', image, '--key', key, '--json'], signal);
      const { verified, provenance } = proofSchema.parse(JSON.parse(answer));
      const [source] = provenance.buildDefinition.resolvedDependencies;
      if (!verified || source?.digest.gitCommit !== build.commit)
        throw new PromiseBrokenError(`${image} is not proven to be of the commit ${build.commit}.`);
      return `signed: built from ${build.commit.slice(0, 7)}, scanned, and let through by the policy`;
    },
    (task, proof) => task.succeed(proof),
  );
}
