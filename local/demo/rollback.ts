import { type Deployment, readDeployment } from './deployment.ts';
import { slipway } from './slipway-command.ts';
import { type Chapter, mailAbout, projects, type Setting, type Story } from './story.ts';
import { PromiseBrokenError, waitFor } from './watch.ts';

/** How a person takes the last release back. */
export const rollbackCommand = ['rollback', 'demo/app', '--reason', 'the new sentence is wrong'] as const;

/** What the rollback changed. */
export interface TakenBack extends Chapter {
  deployment: Deployment;
}

/** Takes the second push back by one command: tags and manifest go back to the first release. */
export async function takeBack(setting: Setting, { app, change, manifests, mailsBefore }: Story): Promise<TakenBack> {
  const { client, operator, steps } = setting;
  return await steps.run(
    'roll demo/app back',
    120,
    async (task, signal) => {
      const before = await client.digestOf('demo/app', 'latest');
      if (before !== change.build.image?.digest)
        throw new PromiseBrokenError('The tag latest of demo/app is not at the release of the second push.');
      task.update(`slipway ${rollbackCommand.slice(0, 2).join(' ')}`);
      await slipway(operator, rollbackCommand, signal);
      task.detail('waiting for the commit and the mail');
      const found = await waitFor(
        'The mail about the rollback',
        async () => {
          const build = (await client.builds(projects.app)).find(({ cause }) => cause.type === 'rollback');
          const about = build && (await mailAbout(client, build, mailsBefore));
          return about && { build, ...about };
        },
        { seconds: 30, signal },
      );
      const deployment = await readDeployment(manifests, signal);
      if (deployment.digest !== app.build.image?.digest)
        throw new PromiseBrokenError(`The manifests deploy ${deployment.digest} after the rollback.`);
      return { project: projects.app, ...found, deployment };
    },
    (task, { mail, deployment }) =>
      task.succeed(
        `tags and manifest are back at ${deployment.digest.slice(0, 19)} of the first push, and held there · mail to ${mail.to.join(', ')}`,
      ),
  );
}

/** Ends the hold that came with the rollback, so that the next push is released. */
export async function letGoOn({ operator, steps }: Setting): Promise<void> {
  await steps.run(
    'end the hold',
    120,
    async (task, signal) => {
      task.update('slipway unhold demo/app');
      await slipway(operator, ['unhold', 'demo/app', '--reason', 'the demo is over'], signal);
    },
    (task) => task.succeed('the next push to demo/app is released again; what was taken back is not'),
  );
}
