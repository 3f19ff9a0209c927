import { expect, test } from 'vitest';
import type { Deployment } from '../../../local/demo/deployment.ts';
import type { Chapter, Story } from '../../../local/demo/story.ts';
import { summary } from '../../../local/demo/summary.ts';

const digest = `sha256:${'a'.repeat(64)}`;

function chapterOf(name: string, status: 'released' | 'blocked'): Chapter {
  const isReleased = status === 'released';
  return {
    project: `demo/${name}:latest`,
    build: {
      id: '0123456789abcdef',
      project: `demo/${name}:latest`,
      status,
      cause: { type: 'push' },
      commit: 'c'.repeat(40),
      cascade: null,
      createdAt: '2026-01-01T00:00:00Z',
      endedAt: '2026-01-01T00:00:09Z',
      image: isReleased ? { repository: `localhost:4600/demo/${name}`, digest, tags: ['latest', 'main'] } : null,
      stages: [],
      verdict: {
        outcome: isReleased ? 'pass' : 'block',
        reasons: isReleased ? [] : ['1 finding is CRITICAL.'],
        counts: {},
      },
      failure: null,
      url: 'http://localhost:4600/builds/0123456789abcdef',
      logUrl: 'http://localhost:4600/api/v1/builds/0123456789abcdef/log',
    },
    mail: {
      id: 'm1',
      to: [`${name}-team@example.com`],
      subject: `${status}: demo/${name}`,
      date: '2026-01-01T00:00:00Z',
    },
    link: 'http://localhost:4600/builds/0123456789abcdef',
  };
}

function deploymentOf(commit: string): Deployment {
  return { commit: commit.repeat(40), digest, subject: 'Deploy demo/app build-1 to staging' };
}

const story: Story = {
  base: chapterOf('base', 'released'),
  app: chapterOf('app', 'released'),
  change: chapterOf('app', 'released'),
  legacy: chapterOf('legacy', 'blocked'),
  changedText: '',
  proof: 'signed: built from ccccccc',
  manifests: { folder: '', url: '', login: {} },
  deployments: { app: deploymentOf('1'), change: deploymentOf('2') },
  builtBefore: {},
  mailsBefore: new Set(),
};

const takenBack = { ...chapterOf('app', 'released'), deployment: deploymentOf('3') };

const options = {
  url: 'http://localhost:4600',
  engine: 'docker',
  paint: (_style: string, text: string) => text,
} as const;

test('the summary has what a person needs of a released image', () => {
  const text = summary(story, takenBack, { ...options, columns: undefined }).join('\n');
  for (const part of [
    digest,
    'latest main',
    `docker pull localhost:4600/demo/app@${digest}`,
    'to app-team@example.com: "released: demo/app"',
    'http://localhost:4600/mail/m1',
    'http://localhost:4600/builds/0123456789abcdef',
  ]) {
    expect(text).toContain(part);
  }
});

test('the summary says why an image is blocked, and offers no pull', () => {
  const text = summary(story, takenBack, { ...options, columns: undefined }).join('\n');
  const blocked = text.slice(text.indexOf('demo/legacy:latest'));
  expect(blocked).toContain('block: 1 finding is CRITICAL.');
  expect(blocked).not.toContain('pull');
});

test('the summary says what is proven, how a release is taken back, and what was committed', () => {
  const text = summary(story, takenBack, { ...options, columns: undefined }).join('\n');
  for (const part of [
    'signed: built from ccccccc',
    "npx slipway rollback demo/app --reason 'the new sentence is wrong'",
    '1111111 Deploy demo/app build-1 to staging',
    '2222222 ',
    '3333333 ',
  ]) {
    expect(text).toContain(part);
  }
});

test('the summary breaks no address, digest or command on a narrow terminal', () => {
  const lines = summary(story, takenBack, { ...options, columns: 40 });
  for (const whole of [digest, `docker pull localhost:4600/demo/app@${digest}`, 'http://localhost:4600/mail/m1']) {
    expect(lines.some((line) => line.endsWith(whole))).toBe(true);
  }
});
