import { randomBytes } from 'node:crypto';
import { tokenHash } from '../core/builds/build-token.ts';
import { once } from '../core/once.ts';
import { type Builds, openBuilds } from '../services/tables/builds.ts';
import { stepInputSchema } from './builds/step-input.ts';

/**
 * Makes the token that the state machine gives to the build's run and to nothing else. The record keeps only its hash. If this step runs
 * twice, both tokens count, because the state machine may go on with either.
 */
export function createIssueToken({ builds }: { builds: Pick<Builds, 'addToken'> }) {
  return async function issueToken(input: unknown): Promise<{ token: string }> {
    const { build } = stepInputSchema.parse(input);
    const token = randomBytes(32).toString('base64url');
    await builds.addToken(build, tokenHash(token));
    return { token };
  };
}

const run = once(() => createIssueToken({ builds: openBuilds() }));

export function handler(input: unknown): Promise<{ token: string }> {
  return run()(input);
}
