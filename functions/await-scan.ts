import * as z from 'zod';
import { ScanEndedError, ScanPendingError } from '../core/model/errors.ts';
import { once } from '../core/once.ts';
import { openPlatformScans, type PlatformScans } from '../services/registry/platform-scans.ts';
import { type Builds, openBuilds } from '../services/tables/builds.ts';
import { stepInputSchema } from './builds/step-input.ts';

const inputSchema = stepInputSchema.extend({ token: z.string().min(1) });

interface Services {
  builds: Pick<Builds, 'awaitScan'>;
  scans: Pick<PlatformScans, 'scanOf'>;
}

/**
 * Has the state machine wait until `resume-build` receives the event that the registry has scanned the candidate. An event that came before
 * is lost, so this step reads the scan once itself, after the token is in the build's record.
 * @throws ScanEndedError if there is nothing to wait for
 */
export function createAwaitScan({ builds, scans }: Services) {
  return async function awaitScan(input: unknown): Promise<void> {
    const { build: id, token } = inputSchema.parse(input);
    const build = await builds.awaitScan(id, token);
    if (!build?.candidate) throw new ScanEndedError(`The build ${id} has no candidate that is being scanned.`);
    try {
      await scans.scanOf(build.candidate);
    } catch (error) {
      if (error instanceof ScanPendingError) return;
      throw error;
    }
    throw new ScanEndedError(`The scan of ${build.candidate.repository}@${build.candidate.digest} has ended.`);
  };
}

const run = once(() => createAwaitScan({ builds: openBuilds(), scans: openPlatformScans() }));

export function handler(input: unknown): Promise<void> {
  return run()(input);
}
