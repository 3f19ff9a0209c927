import { describe, expect, it } from 'vitest';
import { indexChange } from '../../../core/index/change.ts';
import {
  type IndexReportInput,
  indexReport,
  indexReportMark,
  indexStatus,
} from '../../../core/index/pull-request-report.ts';
import type { IndexFile } from '../../../core/index/read-index.ts';
import { goodFile, now } from './index-texts.ts';

const commit = 'c'.repeat(40);

function inputOf(base: IndexFile[], merged: IndexFile[], over: Partial<IndexReportInput> = {}): IndexReportInput {
  return {
    change: indexChange(base, merged, [], { now }),
    facts: new Map(),
    dependents: new Map(),
    unreleased: new Set(),
    repository: { url: 'https://git.example/slipway/index', gitHost: 'github' },
    commit,
    ...over,
  };
}

describe('the comment', () => {
  it('says what becomes of the policy, of exceptions and of VEX statements', () => {
    const exception = (expires: string) => `[{id: "CVE-\`2026\`", reason: r, owner: o, expires: ${expires}}]`;
    const soon = '2026-12-21';
    const base = [goodFile({ one: {}, two: {} }), { path: 'policy.yml', text: 'policy: {max-severity: LOW}' }];
    const merged = [
      goodFile({ one: { exceptions: exception(soon) }, two: { policy: '{max-severity: HIGH}' } }),
      { path: 'policy.yml', text: 'policy: {max-severity: MEDIUM, scanners: {sbom: block}}' },
    ];
    const report = indexReport(inputOf(base, merged));
    expect(report).toContain(
      '**The policy of the whole index**\n\n- max-severity: `LOW` → `MEDIUM`\n- sbom: nothing → `block`',
    );
    expect(report).toContain(
      `- \`demo/one:latest\`: policy (max-severity: \`LOW\` → \`MEDIUM\`, sbom: nothing → \`block\`), exceptions (new: \`\`CVE-\`2026\` until ${soon}\`\`)`,
    );
    expect(report).toContain('**1 warning**');
    expect(report).toContain('HIGH is weaker than MEDIUM');
  });

  it('shows who will get mail, and warns of an entry that takes over a name of Docker Hub', () => {
    const base = [goodFile({ one: { 'notify-email': 'old@example.org' } })];
    const merged = [
      goodFile({
        one: { 'notify-email': '[old@example.org, new@example.org]' },
        debian: { 'app-id': 'library', 'notify-email': 'new@example.org', 'desired-tag': '"12"' },
        two: { 'notify-email': 'two@example.org' },
      }),
    ];
    const report = indexReport(inputOf(base, merged));
    expect(report).toContain(
      '**Addresses that are added; each gets mails once its owner agrees, where that is asked**\n\n- `new@example.org` for `library/debian:12`, `demo/one:latest`\n- `two@example.org` for `demo/two:latest`\n',
    );
    expect(report).not.toContain('old@example.org');
    expect(report).toMatch(
      /`library\/debian:12` .*\n {2}- ⚠️ \*\*It takes over a well-known name.* `FROM debian:12` means this image/,
    );
    expect(report.match(/well-known/g)).toHaveLength(1);
  });

  it('shows the manifests that releases will be written into: those of targets that are new or have changed', () => {
    const deploy = (path: string) =>
      `[{name: eu, repository: ops/live, path: eu}, {name: us, repository: ops/live, branch: main, path: ${path}}]`;
    const base = [goodFile({ one: { deploy: deploy('us') } })];
    const merged = [goodFile({ one: { deploy: deploy('us2') } })];
    expect(indexReport(inputOf(base, merged))).toContain(
      '**Where releases will be deployed, if operators allow it for the app-id**\n\n- `demo/one:latest`, `us`: `us2` in `main` of `ops/live`\n',
    );
    expect(indexReport(inputOf(base, base))).not.toContain('Manifests');
  });

  it('shows the registries that releases will be copied to: the destinations that are new', () => {
    const base = [goodFile({ one: { destinations: 'ghcr.io/acme/one' } })];
    const merged = [goodFile({ one: { destinations: '[ghcr.io/acme/one, quay.io/acme/]' } })];
    expect(indexReport(inputOf(base, merged))).toContain(
      '**Registries that releases will be copied to, under these names**\n\n- `demo/one:latest`: `quay.io/acme/demo/one`\n',
    );
    expect(indexReport(inputOf(base, base))).not.toContain('Registries');
  });

  it('says what the merge will do', () => {
    const base = [goodFile({ one: {}, two: {}, gone: {} })];
    const merged = [
      goodFile({
        one: { 'git-branch': 'next' },
        two: { 'notify-email': 'another@example.org' },
        app: { 'depends-on': '[demo/base:latest, centos/centos:7]' },
        base: {},
      }),
    ];
    const input = inputOf(base, merged, {
      facts: new Map([
        ['demo/app:latest', { branch: { commit }, dockerfile: true, otherJobId: 'other' }],
        ['demo/base:latest', { branch: 'absent' }],
        ['demo/one:latest', { branch: { commit }, dockerfile: false }],
      ]),
      dependents: new Map([
        ['demo/one:latest', ['demo/child:latest']],
        ['demo/gone:latest', ['demo/orphan:latest']],
      ]),
    });
    expect(indexReport(input)).toBe(`<!-- slipway index -->
### 2 projects added, 2 projects changed, 1 project removed, 3 builds


**Added, and built**

- \`demo/app:latest\` from \`main\` of \`https://git.example/demo/app.git\` at \`cccccccccccc\`
  - ⚠️ The repository's cccp.yml has another job-id: \`other\`
  - \`Dockerfile\` found
  - built after \`demo/base:latest\`
  - depends on \`centos/centos:7\`
- \`demo/base:latest\` from \`main\` of \`https://git.example/demo/base.git\`
  - ⚠️ The branch was not found, or the repository is not public. It is built when the branch is pushed.

**Changed, and built again**

- \`demo/one:latest\` from \`next\` of \`https://git.example/demo/one.git\` at \`cccccccccccc\`
  - changed: git-branch
  - ⚠️ The Dockerfile was not found: the build will fail.
  - rebuilt after its release: \`demo/child:latest\`

**Changed, and not built again**

- \`demo/two:latest\`: notify-email

**Addresses that are added; each gets mails once its owner agrees, where that is asked**

- \`owner@example.org\` for \`demo/app:latest\`, \`demo/base:latest\`
- \`another@example.org\` for \`demo/two:latest\`

**Removed: built no more; the images stay**

- \`demo/gone:latest\`; **still depending on it:** \`demo/orphan:latest\`

<sub>Checked at \`cccccccccccc\`. Nothing of it was built or run.</sub>`);
    expect(indexStatus(input)).toEqual({
      state: 'success',
      description: '2 projects added, 2 projects changed, 1 project removed, 3 builds, 3 projects with warnings',
    });
  });

  it('says what is wrong, with a link to the line', () => {
    const input = inputOf([], [goodFile({ app: { 'git-url': 'nonsense' } })]);
    const [diagnostic] = input.change.errors;
    expect(indexReport(input)).toContain('### The index cannot be merged like this: 1 error');
    expect(indexReport(input)).toContain(
      `- [\`index.d/demo.yml:${diagnostic?.line}:${diagnostic?.column}\`](https://git.example/slipway/index/blob/${commit}/index.d/demo.yml#L${diagnostic?.line}) \`demo/app:latest\`: \``,
    );
    expect(indexStatus(input).state).toBe('failure');
    expect(indexStatus(input).description).toMatch(/^index\.d\/demo\.yml:\d+ /);
  });

  it('says that a pull request touches nothing', () => {
    expect(indexReport(inputOf([], []))).toContain('### No project is touched');
    expect(indexStatus(inputOf([], []))).toEqual({ state: 'success', description: 'No project is touched' });
  });

  it('has errors of others apart', () => {
    const wrong = goodFile({ wrong: { 'git-url': 'nonsense' } }, 'wrong');
    const input = inputOf([wrong], [wrong, goodFile({ app: {} })]);
    expect(indexReport(input)).toMatch(/1 project added[\s\S]*were there before[\s\S]*index\.d\/wrong\.yml/);
    expect(indexStatus(input).state).toBe('success');
  });

  it('is never longer than GitHub takes, and ends in whole lines', () => {
    const jobs = (count: number, over = {}) =>
      Object.fromEntries(Array.from({ length: count }, (_, at) => [`job-${at}`, over]));
    const files = (count: number, over = {}) =>
      Array.from({ length: 10 }, (_, at) => goodFile(jobs(count, over), `app${at}`));
    const long = { 'git-url': `https://git.example/${'x'.repeat(400)}`, 'git-branch': 'y'.repeat(80) };
    const added = inputOf([], files(100, long));
    const children = Array.from({ length: 500 }, (_, at) => `demo/${'child-'.repeat(15)}${at}:latest`);
    const dependents = new Map(added.change.added.map(({ name }) => [name, children]));
    const report = indexReport({ ...added, dependents });
    expect(added.change.added).toHaveLength(1000);
    expect(report.length).toBeLessThanOrEqual(65_536);
    expect(report.startsWith(indexReportMark)).toBe(true);
    expect(report.slice(-500)).toMatch(/does not fit into a comment[\s\S]*<\/sub>$/);
    for (const line of report.split('\n')) expect(line.split('`').length % 2, line).toBe(1);
    const wrong = indexReport(inputOf([], files(30, { 'git-url': 'nonsense' })));
    expect(wrong.length).toBeLessThanOrEqual(65_536);
    expect(wrong).toContain('… and 200 more');
  });

  it('shows what a stranger wrote as what they wrote', () => {
    const evil = '"@everyone ![x](https://evil.example/x.png) <script>alert(1)</script> `` --> #1"';
    const file = {
      ...goodFile({ app: { 'git-branch': evil, 'target-file': evil, 'git-url': evil } }),
      path: 'index.d/@team <b>.yml',
    };
    const report = indexReport(inputOf([], [file]));
    // What is outside of code is ours.
    const outside = report.replaceAll(/(`+)(?!`)[\s\S]*?(?<!`)\1(?!`)/g, '');
    expect(outside).not.toMatch(/@|script|evil|!\[|#1\b/);
    expect(outside.replace(/^<!-- slipway index -->|<\/?sub>/gm, '')).not.toMatch(/[<>]/);
    expect(indexStatus(inputOf([], [file])).description.length).toBeLessThanOrEqual(140);
  });
});
