import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { makeAssembly } from '../../local/assembly.ts';
import { run } from '../../local/command.ts';
import { makeRootFileSystem } from '../../local/demo/root-file-system.ts';
import { linkCommands } from '../busybox.ts';
import { configured, endMachine, forkMachine, protectedJob, withRoom } from './machine.ts';
import { changeResources, setVariables } from './template.ts';

declare module 'vitest' {
  interface ProvidedContext {
    shared: {
      /** The packages of the example's base image, which every source of the tests has as `rootfs.tar`. */
      rootFileSystem: string;
      /** The template of all machines, unless a test needs one of its own. */
      assembly: string;
      /** By worker: the machine that most of its files have in common, one after the other, and its file of outcomes (`machine-process.ts`). */
      machines: { url: string; outcomes: string }[];
    };
  }
}

export default async function share(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-shared-'));
  const assembly = join(folder, 'cdk.out');
  const rootFileSystem = join(folder, 'rootfs.tar');
  await Promise.all([makeAssembly({ outputFolder: assembly }), makeRootFiles(rootFileSystem, folder)]);
  await changeResources(assembly, (resource) => {
    setVariables(resource, configured);
    const { Type, Properties } = resource;
    // What a schedule would start, the tests start when they want it.
    if (Type === 'AWS::Events::Rule' && Properties.ScheduleExpression) Properties.State = 'DISABLED';
    if (Type === 'AWS::StepFunctions::StateMachine')
      Properties.DefinitionString = withShortWaits(Properties.DefinitionString);
    if (Type === 'AWS::IAM::Policy') {
      const { Statement } = Properties.PolicyDocument as { Statement: object[] };
      Statement.push({
        Effect: 'Deny',
        Action: 'ecr:PutImage',
        Resource: `arn:aws:ecr:*:*:repository/demo/${protectedJob}`,
      });
    }
  });

  const machines = await Promise.all(
    Array.from({ length: project.config.maxWorkers }, async (_, worker) => {
      const outcomes = join(folder, `outcomes-${worker}.json`);
      const machine = await forkMachine(join(folder, `machine-${worker}`), { assembly, outcomes }, withRoom);
      return { machine, outcomes };
    }),
  );
  project.provide('shared', {
    rootFileSystem,
    assembly,
    machines: machines.map(({ machine: { url }, outcomes }) => ({ url, outcomes })),
  });
  return async () => {
    await Promise.all(machines.map(({ machine }) => endMachine(machine)));
    await rm(folder, { recursive: true });
  };
}

/** A step that fails is tried again after a second; on AWS after more, `infra/retries.ts` says how many. */
function withShortWaits(definition: unknown): unknown {
  return JSON.parse(JSON.stringify(definition).replaceAll(/(?<=\\"IntervalSeconds\\":)\d+/g, '1'));
}

async function makeRootFiles(archive: string, folder: string): Promise<void> {
  const workspace = join(folder, 'root-file-system');
  await makeRootFileSystem({ archive, workspace, say: () => undefined });
  const links = join(folder, 'links');
  await linkCommands(join(workspace, 'root/bin/busybox'), join(links, 'usr/bin'));
  // The folder itself is there: Buildah takes no layer that names a path twice.
  const names = (await readdir(join(links, 'usr/bin'))).map((name) => `usr/bin/${name}`);
  await run('tar', ['--append', `--file=${archive}`, `--directory=${links}`, '--owner=0', '--group=0', ...names]);
}
