import { execFile } from 'node:child_process';
import { statfs } from 'node:fs/promises';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import * as z from 'zod';
import { oneLine } from '../../core/text/one-line.ts';
import type { Connection } from '../deployment/connection.ts';
import { type CheckResult, ok, warning, wrong } from './check-result.ts';

type Machine = NonNullable<Connection['machine']>;

/** What Slipway needs of a machine that it runs on. None changes anything. */
export const machineChecks: Readonly<Record<string, (machine: Machine) => Promise<CheckResult>>> = {
  engine,
  disk,
  port,
};

const confinementSchema = z.object({ isConfined: z.boolean(), description: z.string() });
const reporter = fileURLToPath(new URL('../../builder/report-confinement.ts', import.meta.url));

/** The builder itself says which container engine it would take, and what keeps builds from the machine. */
async function engine(): Promise<CheckResult> {
  const report = await promisify(execFile)(process.execPath, [reporter]).catch((error: Error & { stderr?: string }) => {
    const [, reason = error.message] = /EngineNotFoundError: (.+)/.exec(error.stderr ?? '') ?? [];
    return { reason: oneLine(reason, 400) };
  });
  if ('reason' in report)
    return wrong(report.reason, 'npm run local installs Buildah on Debian and Ubuntu, as root or with sudo');
  const { isConfined, description } = confinementSchema.parse(JSON.parse(report.stdout));
  if (isConfined) return ok(`Builds run in ${description}.`);
  return warning(
    `Nothing keeps builds from this machine: they would run in ${description}.`,
    'Install a runtime that works here (crun, or Docker); or start with --trust-builds if you trust all that you build',
  );
}

const megabyte = 1024 * 1024;
/** Below this, `npm run local` does not start. */
const leastFree = 64 * megabyte;
/** Some images with their layers. */
const enoughFree = 2048 * megabyte;

async function disk({ folder }: Machine): Promise<CheckResult> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  const text = `The disk of ${folder} has ${Math.floor(free / megabyte)} MB left`;
  const fix = 'Make room, or move the folder and name it with --data';
  if (free < leastFree) return wrong(`${text}: Slipway does not start.`, fix);
  return free < enoughFree ? warning(`${text}: a few images fill it.`, fix) : ok(`${text}.`);
}

const answersWithinMilliseconds = 5_000;

async function port({ url, folder }: Machine): Promise<CheckResult> {
  const start = `npm run local -- --data ${folder} --port ${new URL(url).port}`;
  const answer = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(answersWithinMilliseconds) }).catch(
    (error: Error) => error,
  );
  const isBusy = answer instanceof Error ? answer.name === 'TimeoutError' : answer.status === 503;
  if (isBusy)
    return warning(
      `What listens at ${url} is too busy to answer: Slipway on a machine that has much to do, or another program.`,
      `Call slipway doctor again in a minute. If it stays so, see what it does: ss -ltnp "sport = :${new URL(url).port}"`,
    );
  // Others too may have a page there.
  if (answer instanceof Response && answer.ok && (await answer.text()) === 'ok\n')
    return ok(`Slipway answers at ${url}.`);
  if (answer instanceof Response || (await isTaken(url)))
    return wrong(`Another program listens at ${url}.`, `End it, or choose another port: ${start.replace(/\d+$/, 'N')}`);
  return wrong(`Slipway does not run: nothing listens at ${url}.`, start);
}

function isTaken(url: string): Promise<boolean> {
  const { hostname, port: number } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect(Number(number), hostname);
    const end = (isConnected: boolean) => {
      socket.destroy();
      resolve(isConnected);
    };
    socket.once('connect', () => end(true)).once('error', () => end(false));
  });
}
