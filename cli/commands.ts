import type { CommandFile } from './command.ts';

export interface Entry {
  /** The words by which it is called. */
  name: string;
  summary: string;
  /** A command's file is loaded only when it is called, so that no command loads another's libraries. */
  load: () => Promise<CommandFile>;
}

/** All commands, under the titles by which the help groups them. */
export const commands: Readonly<Record<string, readonly Entry[]>> = {
  'Look:': [
    {
      name: 'status',
      summary: 'say what builds, waits, has failed, is blocked or held',
      load: () => import('./projects/status.ts'),
    },
    { name: 'projects', summary: 'list projects', load: () => import('./projects/projects.ts') },
    { name: 'builds', summary: 'list builds', load: () => import('./builds/builds.ts') },
    { name: 'cost', summary: 'say what the builds of a month cost', load: () => import('./projects/cost.ts') },
    { name: 'log', summary: 'print the log of a build, and follow it', load: () => import('./builds/log.ts') },
    { name: 'open', summary: 'open a page in the browser', load: () => import('./open.ts') },
  ],
  'Build and release:': [
    { name: 'build', summary: 'build a project now', load: () => import('./builds/build.ts') },
    { name: 'cancel', summary: 'stop a build, or a whole cascade', load: () => import('./builds/cancel.ts') },
    {
      name: 'promote',
      summary: 'promote a release to a target, such as production',
      load: () => import('./releases/promote.ts'),
    },
    {
      name: 'deploy',
      summary: 'have a service run a release, and wait until it does',
      load: () => import('./releases/deploy.ts'),
    },
    {
      name: 'rollback',
      summary: 'move the tags of a project back to an earlier release',
      load: () => import('./releases/rollback.ts'),
    },
    { name: 'hold', summary: "hold a project's releases", load: () => import('./holds/hold.ts') },
    { name: 'unhold', summary: 'end a hold, and release what waits', load: () => import('./holds/unhold.ts') },
    {
      name: 'verify',
      summary: 'verify the signature of a released image, and say what is proven of it',
      load: () => import('./releases/verify.ts'),
    },
    {
      name: 'retention',
      summary: 'say which released images would expire, and why the others stay',
      load: () => import('./releases/retention.ts'),
    },
    {
      name: 'redeliver',
      summary: 'post again what addresses of "notify-url" did not take',
      load: () => import('./url-notifications/redeliver.ts'),
    },
  ],
  'Keep the index:': [
    {
      name: 'index check',
      summary: 'check an index offline, as a pull request to it is checked',
      load: () => import('./index/check.ts'),
    },
    {
      name: 'import dockerhub',
      summary: "make index entries of Docker Hub's build rules",
      load: () => import('./index/import-dockerhub.ts'),
    },
  ],
  'Set up:': [
    {
      name: 'github-app create',
      summary: 'make a GitHub App for this deployment',
      load: () => import('./github-app/create.ts'),
    },
    {
      name: 'webhook add',
      summary: 'set up the webhook of a repository at its git host',
      load: () => import('./webhooks/add.ts'),
    },
    {
      name: 'webhook rotate',
      summary: 'replace the secrets of all webhooks',
      load: () => import('./webhooks/rotate.ts'),
    },
    {
      name: 'webhook secret',
      summary: "print the secret of a repository's webhook",
      load: () => import('./webhooks/secret.ts'),
    },
    {
      name: 'doctor',
      summary: 'check the account or the machine, and say what to do',
      load: () => import('./doctor/doctor.ts'),
    },
    { name: 'completion', summary: 'print the completion of a shell', load: () => import('./completion/script.ts') },
    { name: 'manual', summary: 'print the manual as a man page', load: () => import('./manual.ts') },
  ],
};

/** Summaries of commands that only hold others. */
export const groups: Readonly<Record<string, string>> = {
  index: 'check an index',
  import: 'make index entries of what another service has',
  'github-app': 'set up a GitHub App',
  webhook: 'set up webhooks',
};
