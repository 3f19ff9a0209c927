import { describe, expect, it } from 'vitest';
import type { Build } from '../../../core/model/build.ts';
import { imagesComment } from '../../../core/releases/images-comment.ts';

const commit = '1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d';
const build = (name: string, over: Partial<Build> = {}): Build => ({
  id: '00000000000000aa',
  project: `demo/${name}:latest`,
  status: 'unchanged',
  cause: { type: 'pull-request', delivery: 'd', number: 7, commit, author: 'ada' },
  commit,
  ref: 'refs/pull/7/head',
  sourceUrl: 'https://github.com/demo/app.git',
  notifyEmail: [],
  sequence: 1,
  createdAt: '2026-11-21T01:16:42.000Z',
  stages: {},
  verdict: { outcome: 'pass', reasons: [], counts: {} },
  ...over,
});
const comment = (...builds: Build[]) => imagesComment(builds, 'https://slipway.example');

describe('the comment on a pull request', () => {
  it('has a line for each image, with its verdict and what changes, what needs somebody first', () => {
    const changes = { against: 'x', packages: { added: 0, removed: 0, updated: 2 } };
    const reasons = ['CVE-2026-1 (CRITICAL) in curl 8.0'];
    const text = comment(
      build('good', { changes }),
      build('bad', { status: 'blocked', verdict: { outcome: 'block', reasons, counts: {} } }),
      build('worse', { status: 'failed', failure: { error: 'DockerfileFailedError', message: 'RUN make failed.' } }),
      build('slow', { status: 'building' }),
    );
    expect(text.split('\n')).toEqual([
      '<!-- slipway images -->',
      '### 1 image failed, 1 image would be blocked, 1 image would be released',
      '',
      '| Image | Result | Compared with the last release |',
      '| --- | --- | --- |',
      '| `demo/worse:latest` | [failed](https://slipway.example/builds/00000000000000aa) | – |',
      '| `demo/bad:latest` | [blocked](https://slipway.example/builds/00000000000000aa) | – |',
      '| `demo/good:latest` | [passed: would be released](https://slipway.example/builds/00000000000000aa) | 2 packages updated |',
      '| `demo/slow:latest` | [building](https://slipway.example/builds/00000000000000aa) | – |',
      '',
      '**`demo/worse:latest`**',
      '',
      '- `RUN make failed.`',
      '',
      '**`demo/bad:latest`**',
      '',
      '- `CVE-2026-1 (CRITICAL) in curl 8.0`',
      '',
      '<sub>Built from `1a2b3c4`. Images of pull requests are scanned and judged, and never released.</sub>',
    ]);
  });

  it('lets nothing that comes from the image be a mention, a link or markup', () => {
    const message = '`` @everyone\n| [x](https://evil.example) <img src=x> -->';
    const text = comment(build('worse', { status: 'failed', failure: { error: 'Error', message } }));
    expect(text).toContain('- ``` `` @everyone | [x](https://evil.example) <img src=x> --> ```\n');
  });

  it('fits into what GitHub takes, whatever the number of images and reasons', () => {
    const reasons = Array.from({ length: 500 }, () => 'x'.repeat(2000));
    const verdict = { outcome: 'block' as const, reasons, counts: {} };
    const text = comment(
      ...Array.from({ length: 500 }, (_, number) => build(`image${number}`, { status: 'blocked', verdict })),
    );
    expect(text.length).toBeLessThan(65_536);
    expect(text).toContain('| … and 400 more | | |');
  });
});
