import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gitLoginEnvironment } from '../git-credentials.ts';
import { type Deployment, readDeployment } from './deployment.ts';
import { verifyRelease } from './proof.ts';
import { makeRootFileSystem } from './root-file-system.ts';
import { isQuestion, type Message, type ShownBuild, type SlipwayClient } from './slipway-client.ts';
import type { Operator } from './slipway-command.ts';
import { checkOut, type ExampleName, fillInIndex, makeExamplePackage, push, type WorkingCopy } from './sources.ts';
import type { Steps } from './steps.ts';
import { describeStages, PromiseBrokenError, waitFor, watchBuild } from './watch.ts';

/** This machine as a server: each release of the application goes to a container on it. */
export interface Server {
  engine: 'docker' | 'podman';
  /** Where the container answers. */
  url: string;
}

/** The target's name in the example index. */
export const serverTarget = 'server';

export interface Setting {
  url: string;
  gitCredentials: string;
  operator: Operator;
  /** Undefined where no engine keeps containers running. */
  server: Server | undefined;
  client: SlipwayClient;
  steps: Steps;
  workspace: string;
  signal: AbortSignal;
}

/** A push and what came of it. */
export interface Chapter {
  project: string;
  build: ShownBuild;
  mail: Message;
  /** The address in the mail that leads to the build or its log. */
  link: string;
}

export interface Story {
  base: Chapter;
  app: Chapter;
  legacy: Chapter;
  /** The second push to the application. */
  change: Chapter;
  /** What the changed page says now and did not say before. */
  changedText: string;
  /** What is proven of the first release of the application. */
  proof: string;
  manifests: WorkingCopy;
  /** What the manifests deployed after the first push, and after the second. */
  deployments: { app: Deployment; change: Deployment };
  /** The builds that each project had before the second push to the application. */
  builtBefore: Record<string, string[]>;
  /** The mails that were there before the first push. */
  mailsBefore: ReadonlySet<string>;
}

export const projects = { base: 'demo/base:latest', app: 'demo/app:latest', legacy: 'demo/legacy:latest' } as const;
const changedText = 'This sentence came with the second push.';

/** Pushes the index, the base image, what is built on it, and a change to the application; each when the one before is done. */
export async function tellStory(setting: Setting, rootFileSystem: string): Promise<Story> {
  const before = new Set((await setting.client.messages()).map(({ id }) => id));
  const [manifests] = await Promise.all([pushManifests(setting), pushIndex(setting)]);
  await agreeToMails(setting, before);

  const base = await checkOutExample(setting, 'base');
  await writeFile(join(base.folder, 'rootfs.tar'), await readFile(rootFileSystem));
  const baseChapter = await pushAndWatch(setting, { title: projects.base, project: projects.base, copy: base, before });

  const app = await checkOutExample(setting, 'app');
  const legacy = await checkOutExample(setting, 'legacy');
  await makeExamplePackage(legacy, setting.signal);
  const [appChapter, legacyChapter] = await Promise.all([
    pushAndWatch(setting, { title: projects.app, project: projects.app, copy: app, before }),
    pushAndWatch(setting, {
      title: projects.legacy,
      project: projects.legacy,
      copy: legacy,
      before,
      outcome: 'blocked',
    }),
  ]);

  const builtBefore: Record<string, string[]> = {};
  for (const project of Object.values(projects)) {
    builtBefore[project] = (await setting.client.builds(project)).map(({ id }) => id);
  }
  const page = join(app.folder, 'pages/index.txt');
  await writeFile(page, `${await readFile(page, 'utf8')}\n${changedText}\n`);
  const deployedFirst = await readDeployment(manifests, setting.signal);
  const [change, proof] = await Promise.all([
    pushAndWatch(setting, {
      title: 'change demo/app',
      project: projects.app,
      copy: app,
      before,
      message: 'Say something new on the first page',
    }),
    verifyRelease(setting, appChapter.build),
  ]);
  return {
    base: baseChapter,
    app: appChapter,
    legacy: legacyChapter,
    change,
    changedText,
    proof,
    manifests,
    deployments: { app: deployedFirst, change: await readDeployment(manifests, setting.signal) },
    builtBefore,
    mailsBefore: before,
  };
}

/** Makes the base image's file system; needs no running Slipway. */
export async function prepareRootFileSystem({
  steps,
  workspace,
}: Pick<Setting, 'steps' | 'workspace'>): Promise<string> {
  const archive = join(workspace, 'rootfs.tar');
  await steps.run(
    'base packages',
    120,
    (task, signal) =>
      makeRootFileSystem({
        archive,
        workspace: join(workspace, 'base'),
        say: (activity) => task.update(activity),
        signal,
      }),
    (task, { system, packages }) => task.succeed(`${packages.join(', ')} of ${system}`),
  );
  return archive;
}

async function pushManifests(setting: Setting): Promise<WorkingCopy> {
  const manifests = await checkOutExample(setting, 'manifests');
  await push(manifests, 'Describe what the cluster runs', setting.signal);
  return manifests;
}

async function pushIndex(setting: Setting): Promise<void> {
  const { client, steps, url, server } = setting;
  const wanted = Object.values(projects);
  await steps.run(
    'push the index',
    60,
    async (task, signal) => {
      const index = await checkOutExample(setting, 'index');
      await fillInIndex(index, { gitUrl: `${url}/git`, without: server ? [] : [serverTarget] });
      await push(index, 'Add the demo images', signal);
      task.update('pushed, waiting for the projects to be known');
      await waitFor(
        'The reading of the index',
        async () => {
          const known = await client.projects();
          return wanted.every((name) => known.includes(name)) || undefined;
        },
        { seconds: 60, signal },
      );
    },
    (task) => task.succeed(`${wanted.length} projects are known: ${wanted.join(', ')}`),
  );
}

/** Everybody whom the index names has been asked by the time that their projects are known. */
async function agreeToMails({ client, steps }: Setting, before: ReadonlySet<string>): Promise<void> {
  await steps.run(
    'agree to mails',
    30,
    async () => {
      const questions = (await client.messages()).filter((mail) => !before.has(mail.id) && isQuestion(mail));
      for (const { id } of questions) await client.agree(id);
      return questions.flatMap(({ to }) => to);
    },
    (task, people) => task.succeed(people.length > 0 ? people.toSorted().join(', ') : 'everybody did so before'),
  );
}

async function checkOutExample(setting: Setting, example: ExampleName): Promise<WorkingCopy> {
  const { workspace, url, signal } = setting;
  const repository = example === 'index' ? 'slipway/index' : `demo/${example}`;
  const folder = join(workspace, example);
  return await checkOut(example, {
    folder,
    url: `${url}/git/${repository}.git`,
    login: gitLoginEnvironment(setting),
    signal,
  });
}

interface Push {
  title: string;
  project: string;
  copy: WorkingCopy;
  /** The mails that were there before the story. */
  before: ReadonlySet<string>;
  message?: string;
  outcome?: 'released' | 'blocked';
}

async function pushAndWatch(setting: Setting, options: Push): Promise<Chapter> {
  const { client, steps } = setting;
  const { title, project, copy, before, message = `Add ${project}`, outcome = 'released' } = options;
  return await steps.run(
    title,
    180,
    async (task, signal) => {
      task.update('git push');
      const commit = await push(copy, message, signal);
      const build = await watchBuild({ client, project, commit, task, signal });
      if (build.status !== outcome) {
        const reason = build.failure?.message ?? build.verdict?.reasons.join(' ') ?? '';
        const log = (await client.log(build.id, 0)).text.trimEnd().split('\n').slice(-15).join('\n  ');
        throw new PromiseBrokenError(
          `${project} is ${build.status}, not ${outcome}. ${reason}\nIts log ends so:\n  ${log}`,
        );
      }
      task.detail('waiting for the mail');
      const { mail, link } = await waitFor(`The mail about ${project}`, () => mailAbout(client, build, before), {
        seconds: 30,
        signal,
      });
      const ended = (await client.builds(project)).find(({ id }) => id === build.id) ?? build;
      return { project, build: ended, mail, link };
    },
    (task, { build, mail }) => {
      const stages = describeStages(build);
      const mailed = `mail to ${mail.to.join(', ')}`;
      if (build.status === 'blocked')
        task.stop(`blocked, as it should be: ${build.verdict?.reasons.join(' ')} (${stages}) · ${mailed}`);
      else task.succeed(`released (${stages}) · ${mailed}`);
    },
  );
}

/** A mail is about a build when it links to it. */
export async function mailAbout(
  client: SlipwayClient,
  build: ShownBuild,
  before: ReadonlySet<string>,
): Promise<{ mail: Message; link: string } | undefined> {
  for (const mail of await client.messages()) {
    if (before.has(mail.id)) continue;
    const link = (await client.mailText(mail.id))
      .match(/https?:\/\/\S+/g)
      ?.find((address) => address.includes(build.id));
    if (link) return { mail, link };
  }
  return undefined;
}
