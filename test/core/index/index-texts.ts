import type { IndexFile } from '../../../core/index/read-index.ts';

/** The day on which the index of the tests is read. */
export const now = new Date('2026-11-21T12:00:00Z');

/** An index file in which there is nothing to complain of, but for what its entries have otherwise. */
export function goodFile(entries: Record<string, Record<string, string>>, appId = 'demo'): IndexFile {
  const texts = Object.entries(entries).map(([job, over], at) => {
    const keys = {
      id: String(at + 1),
      'app-id': appId,
      'job-id': job,
      'git-url': `https://git.example/${appId}/${job}.git`,
      'git-branch': 'main',
      'git-path': '/',
      'target-file': 'Dockerfile',
      'desired-tag': 'latest',
      'notify-email': 'owner@example.org',
      'build-context': './',
      'depends-on': 'null',
      ...over,
    };
    const lines = Object.entries(keys).map(([key, value]) => `    ${key}: ${value}`);
    return `  -${lines.join('\n').slice(3)}`;
  });
  return { path: `index.d/${appId}.yml`, text: `Projects:\n${texts.join('\n')}\n` };
}
