import { describe, expect, it } from 'vitest';
import { readIndex } from '../../../core/index/read-index.ts';
import { goodFile, now } from './index-texts.ts';

type Entries = Parameters<typeof goodFile>[0];

function read(demo: Entries, other?: Entries) {
  const files = [goodFile(demo), ...(other ? [goodFile(other, 'other')] : [])];
  const { projects, diagnostics, brokenFiles } = readIndex(files, { now });
  return {
    names: projects.map(({ name }) => name),
    projects,
    messages: diagnostics.map(({ code, message }) => `${code}: ${message}`).join('\n'),
    brokenFiles: [...brokenFiles],
  };
}

const hidden = { visibility: 'private' };
const onBase = { 'depends-on': 'demo/base' };

it('an entry is public unless it says otherwise', () => {
  const { projects } = read({ open: {}, said: { visibility: 'Public' }, hidden: { visibility: 'PRIVATE' } });
  expect(projects.map(({ visibility }) => visibility)).toEqual([undefined, undefined, 'private']);
});

it.each([
  ['alex@example.org', ['alex@example.org']],
  ['[alex@example.org, group:architects]', ['alex@example.org', 'group:architects']],
])('viewers are mail addresses and groups: %s', (viewers, expected) => {
  expect(read({ app: { ...hidden, viewers } }).projects[0]?.viewers).toEqual(expected);
});

it.each(['everybody', '"group:"', '"group:a b"', '[alex@example.org, alex]'])('no viewers are %s', (viewers) => {
  const { messages } = read({ app: { ...hidden, viewers } });
  expect(messages).toContain('is neither a mail address nor a group');
});

describe('what is private gets into nothing that others see:', () => {
  it('a private project may build on a private image of its app-id', () => {
    expect(read({ base: hidden, app: { ...hidden, ...onBase } })).toMatchObject({
      names: ['demo/base:latest', 'demo/app:latest'],
      messages: '',
    });
  });

  it.each([
    ['a public project', { app: onBase }, undefined, 'this image would show what is in it'],
    [
      'a project of another app-id',
      {},
      { app: { ...hidden, ...onBase } },
      'only entries of its app-id may build on it',
    ],
    [
      'a public entry of the same image',
      { older: { 'job-id': 'base', 'desired-tag': '"1"' } },
      undefined,
      'releases to the same image',
    ],
  ])('%s is refused, and stays as it was', (_, demo: Entries, other: Entries | undefined, message) => {
    const { names, messages, brokenFiles } = read({ base: hidden, ...demo }, other);
    expect(names).toEqual(['demo/base:latest']);
    expect(messages).toContain(`visibility: `);
    expect(messages).toContain(message);
    expect(brokenFiles).toHaveLength(1);
  });
});
