import type { ContainerEngine } from '../container-engine.ts';
import { type GitLogin, gitLoginCommand } from '../git-credentials.ts';
import { type Paint, wrap } from '../progress.ts';
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
export function summary(story: Story, { url, engine, paint, columns }: SummaryOptions): string[] {
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
            ...command(
              'pull',
              pullCommand(engine, `${image.repository}:${project.slice(project.lastIndexOf(':') + 1)}`),
            ),
          ]
        : field('image', 'none: it stays a candidate, under no release tag')),
      ...field('verdict', `${verdict?.outcome ?? 'none'}${reasons}`),
      ...field('mail', `to ${mail.to.join(', ')}: "${mail.subject}"`),
      ...field('', `links to ${link}`),
      ...field('', `is at ${url}/mail/${mail.id}`),
      ...field('page', build.url),
    ];
  };
  return [
    ...chapter(story.base),
    ...chapter(story.change, ' twice: the second push rebuilt it alone and moved its tags', story.app),
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
