import { join } from 'node:path';
import type { ContainerEngine } from '../container-engine.ts';
import type { Task } from '../progress.ts';
import type { TakenBack } from './rollback.ts';
import type { Message } from './slipway-client.ts';
import { type Chapter, projects, type Setting, type Story } from './story.ts';
import { tryImage } from './try-image.ts';
import { PromiseBrokenError } from './watch.ts';

/** Registry, manifests, mails and pages must all say what the builds say. */
export async function checkRecords({ client, url }: Setting, story: Story, takenBack: TakenBack): Promise<string> {
  const { base, app, change, legacy, builtBefore, deployments } = story;

  for (const chapter of [base, app, change]) await checkTags(client, url, chapter);
  const blocked = await client.digestOf(repositoryOf(legacy), 'latest');
  must(blocked === undefined && legacy.build.image === null, 'The blocked image was released.');
  must(
    legacy.build.verdict?.reasons.some((reason) => /CRITICAL/i.test(reason)) ?? false,
    'The verdict on the blocked image does not say why.',
  );

  must(digestOf(change) !== digestOf(app), 'The second push to the application did not make another image.');
  // The application's tags are back at its first release.
  for (const chapter of [base, app]) {
    for (const tag of ['latest', 'main']) {
      const digest = await client.digestOf(repositoryOf(chapter), tag);
      must(digest === digestOf(chapter), `The tag ${tag} of ${chapter.project} is not where it should be.`);
    }
  }
  must(digestOf(takenBack) === digestOf(app), 'The rollback did not go back to the release of the first push.');
  must(/ROLLED BACK/.test(takenBack.mail.subject), `The mail "${takenBack.mail.subject}" does not say "ROLLED BACK".`);
  must(deployments.app.digest === digestOf(app), 'The manifests did not get the first release of the application.');
  must(deployments.change.digest === digestOf(change), 'The manifests did not get the release of the second push.');
  const commits = new Set([deployments.app, deployments.change, takenBack.deployment].map(({ commit }) => commit));
  must(commits.size === 3, 'Two releases and a rollback are not three commits to the manifests.');
  for (const [project, known] of Object.entries(builtBefore)) {
    const told = [...known, change.build.id, takenBack.build.id];
    const added = (await client.builds(project)).filter(({ id }) => !told.includes(id));
    must(added.length === 0, `${project} was built again, though nobody pushed to it.`);
  }

  for (const chapter of [base, app, change, legacy]) {
    const page = await client.page(new URL(chapter.build.url).pathname);
    must(page.includes(chapter.build.id), `The page of the build of ${chapter.project} does not show it.`);
    const word = chapter.build.status;
    must(
      new RegExp(word, 'i').test(chapter.mail.subject),
      `The mail "${chapter.mail.subject}" does not say "${word}".`,
    );
  }
  const front = await client.page('/');
  for (const project of Object.values(projects))
    must(front.includes(project), `The front page does not name ${project}.`);
  return 'tags, digests, manifests, mails and pages agree; nothing but demo/app was built again';
}

function digestOf({ build }: Chapter): string {
  return build.image?.digest ?? '';
}

/** `demo/app` */
function repositoryOf({ project }: Chapter): string {
  return project.slice(0, project.lastIndexOf(':'));
}

function ownTagOf({ project, build }: Pick<Chapter, 'project' | 'build'>): string {
  const own = build.image?.tags.find((tag) => tag.startsWith('build-'));
  if (!own) throw new PromiseBrokenError(`${project} has no tag build-…`);
  return own;
}

/** A release's own tag stays with its digest, whatever is released later. */
async function checkTags(client: Setting['client'], url: string, { project, build }: Chapter): Promise<void> {
  if (!build.image) throw new PromiseBrokenError(`${project} is released without an image.`);
  const { repository, digest } = build.image;
  must(repository.startsWith(`${new URL(url).host}/`), `${repository} does not name this machine's registry.`);
  const name = repository.slice(repository.indexOf('/') + 1);
  const own = ownTagOf({ project, build });
  must((await client.digestOf(name, own)) === digest, `${name}:${own} is not the image that was released.`);
}

/** Pulls the application's image with the engine, runs it, and looks that it is the one of the last push. */
export async function checkImage(
  { workspace }: Setting,
  { change, changedText }: Story,
  { engine, task, signal }: { engine: ContainerEngine['name']; task: Task; signal: AbortSignal },
): Promise<string> {
  // The tag that never moves: meanwhile the others are taken back.
  const image = `${change.build.image?.repository}:${ownTagOf(change)}`;
  task.update(`pulling and running ${image} with ${engine}`);
  const storage = join(workspace, 'storage');
  const tried = await tryImage({ engine, image, page: '/index.html', workspace: storage, signal });
  must(tried.digest === digestOf(change), `${image} is ${tried.digest}, not the ${digestOf(change)} of the last push.`);
  must(tried.body.includes(changedText), 'The running application does not show what the second push changed.');
  const title = /<h1>(.*?)<\/h1>/.exec(tried.body)?.[1];
  return `pulled, run, and it answers: "${title}" with the sentence of the second push`;
}

/** Each build has one mail, and none has two. */
export async function checkInbox(
  { client }: Setting,
  { base, app, change, legacy, mailsBefore }: Story,
  takenBack: TakenBack,
): Promise<void> {
  const isOfBuild = ({ id, subject }: Message) => !mailsBefore.has(id) && !/ (?:NOT )?DEPLOYED: /.test(subject);
  const added = (await client.messages()).filter(isOfBuild);
  const texts = await Promise.all(added.map(({ id }) => client.mailText(id)));
  for (const { project, build } of [base, app, change, legacy, takenBack]) {
    const mails = texts.filter((text) => text.includes(build.id)).length;
    must(mails === 1, `There are ${mails} mails about one build of ${project}.`);
  }
}

function must(holds: boolean, otherwise: string): void {
  if (!holds) throw new PromiseBrokenError(otherwise);
}
