import type { ContainerEngine } from '../container-engine.ts';
import { type GitLogin, gitLoginCommand } from '../git-credentials.ts';
import { type Paint, wrap } from '../progress.ts';
import { manifest } from './deployment.ts';
import { rollbackCommand, type TakenBack } from './rollback.ts';
import type { Chapter, Story } from './story.ts';
import { pullCommand } from './try-image.ts';

export interface SummaryOptions {
  url: string;
  engine: ContainerEngine['name'];
  paint: Paint;
  /** Undefined: lines are as long as they are. */
  columns: number | undefined;
}

/** What came of each push, with everything that a person needs to look at it. */
export function summary(story: Story, takenBack: TakenBack, { url, engine, paint, columns }: SummaryOptions): string[] {
  const width = columns ?? 1000;
  const lines = (name: string, [first = '', ...rest]: string[]) => {
    return [`  ${paint('dim', name.padEnd(9))}${first}`, ...rest.map((line) => ' '.repeat(11) + line)];
  };
  const field = (name: string, text: string) => lines(name, wrap(text, width - 11));
  /** To be copied, so it is never broken. */
  const command = (name: string, text: string) => lines(name, [text]);
  const chapter = ({ project, build, mail, link }: Chapter, remark = '', before?: Chapter) => {
    const { image, verdict, status } = build;
    const style = status === 'released' ? 'green' : 'yellow';
    const reasons = verdict?.reasons.length ? `: ${verdict.reasons.join(' ')}` : ', nothing found by the scan';
    return [
      '',
      `${paint('bold', project)}  ${paint(style, status)}${remark}`,
      ...(image
        ? [
            ...field('image', image.repository),
            ...field('digest', image.digest),
            ...field('tags', image.tags.join(' ')),
            ...(before ? field('before', `${before.build.image?.digest} ${tagsLeftOf(before, build)}`) : []),
            ...command('pull', pullCommand(engine, `${image.repository}@${image.digest}`)),
          ]
        : field('image', 'none: it stays a candidate, under no release tag')),
      ...field('verdict', `${verdict?.outcome ?? 'none'}${reasons}`),
      ...field('mail', `to ${mail.to.join(', ')}: "${mail.subject}"`),
      ...field('', `links to ${link}`),
      ...field('', `is at ${url}/mail/${mail.id}`),
      ...field('page', build.url),
    ];
  };
  const deployments = [story.deployments.app, story.deployments.change, takenBack.deployment];
  return [
    ...chapter(story.base),
    ...chapter(
      story.change,
      ' twice: the second push rebuilt it alone and moved its tags, until the rollback',
      story.app,
    ),
    ...field('proof', story.proof),
    '',
    `${paint('bold', takenBack.project)}  ${paint('green', 'rolled back')} to the release of the first push: its tags, and ${manifest} in demo/manifests`,
    ...command(
      'command',
      `npx slipway ${rollbackCommand.map((word) => (word.includes(' ') ? `'${word}'` : word)).join(' ')}`,
    ),
    ...field('digest', takenBack.deployment.digest),
    ...field('tags', takenBack.build.image?.tags.join(' ') ?? ''),
    ...lines('commits', [
      ...deployments.map(({ commit, subject }) => `${commit.slice(0, 7)} ${subject}`),
      `the last one is at ${url}/git/demo/manifests/commit/${takenBack.deployment.commit}`,
    ]),
    ...field('mail', `to ${takenBack.mail.to.join(', ')}: "${takenBack.mail.subject}"`),
    ...field('', `is at ${url}/mail/${takenBack.mail.id}`),
    ...field('page', takenBack.build.url),
    ...chapter(story.legacy, ' by the policy, as it should be'),
  ];
}

/** What still names an image after a later release of the same project took the floating tags. */
function tagsLeftOf({ build }: Chapter, later: Chapter['build']): string {
  return build.image?.tags.filter((tag) => !later.image?.tags.includes(tag)).join(' ') ?? '';
}

/** What a person can do with the machine that `--keep` leaves running. */
export function invitation(login: GitLogin): string[] {
  const { url } = login;
  return [
    `Slipway runs on. Builds: ${url}/   Mails: ${url}/mail   Ctrl-C ends it.`,
    'Push the next change by hand. The first line lets git find the token that a push needs:',
    `  ${gitLoginCommand(login)}`,
    `  git clone ${url}/git/demo/app.git && cd app`,
    '  echo "One more sentence." >> pages/index.txt',
    '  git commit --all --message "Add a sentence" && git push',
  ];
}
