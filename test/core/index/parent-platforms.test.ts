import { expect, it } from 'vitest';
import { readIndex } from '../../../core/index/read-index.ts';
import type { Platform } from '../../../core/model/platform.ts';
import { goodFile, now } from './index-texts.ts';

const [arm, amd] = ['linux/arm64', 'linux/amd64'] as const;
const both = `[${arm}, ${amd}]`;

function read(parent: string | undefined, entry: string | undefined, platform?: Platform) {
  const keys = (platforms: string | undefined) => (platforms === undefined ? {} : { platforms });
  const file = goodFile({ base: keys(parent), app: { 'depends-on': 'demo/base:latest', ...keys(entry) } });
  return readIndex([file], { now, platform });
}

const own = "the pipeline's own platform";

it.each<[parent: string | undefined, entry: string | undefined, platform: Platform | undefined, words: string[]]>([
  [undefined, both, undefined, [`for ${own} alone`, `for ${amd} and ${arm}:`]],
  [undefined, both, arm, [`for ${own} alone`]],
  [undefined, arm, amd, [`for ${own} alone`, `for ${arm}:`]],
  [arm, both, undefined, [`for ${arm} alone`]],
  [arm, amd, undefined, [`for ${arm} alone`, `for ${amd}:`]],
  [arm, undefined, amd, [`for ${arm} alone`, `for ${own}:`]],
])(
  'a parent for %s lacks what an entry for %s asks for, with %s as the own platform',
  (parent, entry, platform, words) => {
    const { projects, diagnostics } = read(parent, entry, platform);
    expect(projects).toHaveLength(2);
    expect(diagnostics).toMatchObject([
      { severity: 'warning', code: 'platforms', entry: 'demo/app:latest', file: 'index.d/demo.yml' },
    ]);
    for (const word of words) expect(diagnostics[0]?.message).toContain(word);
  },
);

it.each<[parent: string | undefined, entry: string | undefined, platform: Platform | undefined]>([
  [undefined, undefined, undefined],
  [both, undefined, undefined],
  [both, arm, undefined],
  [both, both, undefined],
  [undefined, arm, arm],
  [arm, undefined, arm],
  // Whether these fit is known only with the own platform.
  [undefined, arm, undefined],
  [arm, undefined, undefined],
])('a parent for %s has what an entry for %s asks for, with %s as the own platform', (parent, entry, platform) => {
  expect(read(parent, entry, platform).diagnostics).toEqual([]);
});

it('the defaults of the index count for both', () => {
  const defaults = { path: 'defaults.yml', text: `platforms: ${both}\n` };
  const file = (parent: object) => goodFile({ base: { ...parent }, app: { 'depends-on': 'demo/base:latest' } });
  expect(readIndex([defaults, file({})], { now }).diagnostics).toEqual([]);
  expect(readIndex([defaults, file({ platforms: arm })], { now }).diagnostics).toMatchObject([{ code: 'platforms' }]);
});
