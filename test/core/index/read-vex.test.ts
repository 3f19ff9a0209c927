import { describe, expect, it } from 'vitest';
import { planIndex } from '../../../core/index/plan-index.ts';
import { type IndexFile, readIndex } from '../../../core/index/read-index.ts';
import { projectSchema } from '../../../core/model/project.ts';
import { purlText } from '../../../core/sbom/purl.ts';
import { goodFile, now } from './index-texts.ts';

const statement = (over: object = {}) => ({
  vulnerability: { name: 'CVE-2026-1234', aliases: ['GHSA-aaaa-bbbb-cccc'] },
  products: [{ '@id': 'demo/app' }],
  status: 'not_affected',
  justification: 'vulnerable_code_not_in_execute_path',
  ...over,
});
const documentOf = (statements: object[], over: object = {}) => ({
  '@context': 'https://openvex.dev/ns/v0.2.0',
  '@id': 'https://example.org/vex/1',
  author: 'Shop Security',
  timestamp: '2026-11-01T08:00:00Z',
  version: 1,
  statements,
  ...over,
});
const file = (content: unknown, path = 'vex/one.json'): IndexFile => ({
  path,
  text: typeof content === 'string' ? content : JSON.stringify(content, null, 2),
});
const entries = goodFile({ app: {}, other: {}, old: { 'job-id': 'app', 'desired-tag': '"1.0"' } });
const read = (...files: IndexFile[]) => readIndex([entries, ...files], { now });
const names = (...files: IndexFile[]) =>
  read(...files)
    .projects.filter(({ vex }) => vex)
    .map(({ name }) => name);

describe('a statement', () => {
  it('is with its project, with its names, its author, its file and its end', () => {
    const { projects, diagnostics } = read(file(documentOf([statement({ products: [{ '@id': 'demo/app:latest' }] })])));
    expect(diagnostics).toEqual([]);
    expect(projects.map(({ name, vex }) => [name, vex])).toEqual([
      [
        'demo/app:latest',
        [
          {
            ids: ['CVE-2026-1234', 'GHSA-aaaa-bbbb-cccc'],
            status: 'not_affected',
            justification: 'vulnerable_code_not_in_execute_path',
            author: 'Shop Security',
            expires: '2027-04-30',
            file: 'vex/one.json',
          },
        ],
      ],
      ['demo/other:latest', undefined],
      ['demo/app:1.0', undefined],
    ]);
  });

  it.each([
    ['demo/app', ['demo/app:latest', 'demo/app:1.0']],
    ['demo/app:1.0', ['demo/app:1.0']],
    ['demo/apps', []],
    ['app', []],
    ['pkg:oci/app?repository_url=registry.example/demo/app', ['demo/app:latest', 'demo/app:1.0']],
    ['pkg:oci/app?repository_url=registry.example%2Fslipway%2Fdemo%2Fapp&tag=1.0', ['demo/app:1.0']],
    ['pkg:oci/app?tag=1.0&repository_url=https://registry.example/slipway/demo/app', ['demo/app:1.0']],
    ['pkg:oci/app?repository_url=registry.example/other/app', []],
    ['pkg:oci/app?repository_url=registry.example/demo/other', []],
    ['pkg:oci/app', []],
    ['pkg:oci/app@sha256%3Aaaaa?repository_url=registry.example/demo/app', []],
    ['pkg:docker/demo/app@latest', []],
    ['pkg:deb/debian/app', []],
    ['https://example.org/demo/app', []],
  ])('on the product %s is about %j', (id, projects) => {
    const named = (product: object) => names(file(documentOf([statement({ products: [product] })])));
    expect(named({ '@id': id })).toEqual(projects);
    if (id.startsWith('pkg:')) expect(named({ '@id': 'urn:x', identifiers: { purl: id } })).toEqual(projects);
  });

  it.each([
    [[{ '@id': 'pkg:deb/debian/openssl' }], ['pkg:deb/debian/openssl']],
    [
      [{ '@id': 'pkg:deb/debian/openssl@3.0.1-1' }, { identifiers: { purl: 'pkg:npm/@a/b' } }],
      ['pkg:deb/debian/openssl@3.0.1-1', 'pkg:npm/%40a/b'],
    ],
    [
      [{ '@id': 'pkg:pypi/Flask_Login' }, { '@id': 'pkg:pypi/flask.login' }, { '@id': 'pkg:deb/ubuntu/x?arch=all' }],
      ['pkg:pypi/flask-login', 'pkg:deb/ubuntu/x?arch=all'],
    ],
    [[], undefined],
  ])('on the subcomponents %j is about the packages %j', (subcomponents, packages) => {
    const products = [{ '@id': 'demo/other', subcomponents }];
    const [, other] = read(file(documentOf([statement({ products })]))).projects;
    expect(other?.vex?.[0]?.packages?.map(purlText)).toEqual(packages);
  });

  it.each([
    ['pkg:deb/openssl', /whose package/],
    ['pkg:deb/debian/openssl?upstream=openssl', /"upstream"/],
    ['pkg:golang/github.com/aws/smithy-go#middleware', /"#"/],
  ])('on the subcomponent %s, which no finding is certain to be, is warned of', (id, message) => {
    const products = [{ '@id': 'demo/app', subcomponents: [{ '@id': id }] }];
    const diagnosticsOf = (over: object) => read(file(documentOf([statement({ products, ...over })]))).diagnostics;
    expect(diagnosticsOf({})).toEqual([
      expect.objectContaining({ severity: 'warning', code: 'vex', line: 16, message: expect.stringMatching(message) }),
    ]);
    expect(diagnosticsOf({ status: 'affected', justification: undefined, action_statement: 'Update.' })).toEqual([]);
  });

  it('on parts that nobody can find is about nothing, and never about the whole image', () => {
    const products = [{ '@id': 'demo/app', subcomponents: [{ '@id': 'urn:openssl' }, { hashes: { 'sha-256': 'a' } }] }];
    const index = read(file(documentOf([statement({ products })])));
    expect(index.projects.every(({ vex }) => vex === undefined)).toBe(true);
    expect(index.diagnostics[0]).toMatchObject({ severity: 'warning', code: 'vex', line: 16 });
  });

  it.each([
    [{}, {}, '2027-04-30'],
    [{ last_updated: '2026-11-02T08:00:00Z' }, {}, '2027-05-01'],
    [{ last_updated: '2026-11-02T08:00:00Z' }, { timestamp: '2026-10-01T23:30:00-06:00' }, '2027-03-31'],
    [{}, { timestamp: '2026-10-01T08:00:00Z', last_updated: '2026-11-03T08:00:00.123456789Z' }, '2027-05-02'],
  ])('of a document with %j, itself with %j, ends with %s', (over, own, expires) => {
    const { projects } = read(file(documentOf([statement(own)], over)));
    expect(projects[0]?.vex?.[0]?.expires).toBe(expires);
  });

  it('that accepts nothing, on parts of which one cannot be found, is about the whole image', () => {
    const subcomponents = [{ '@id': 'urn:openssl' }, { '@id': 'pkg:deb/debian/zlib' }];
    const products = [{ '@id': 'demo/app', subcomponents }];
    const affected = { status: 'affected', justification: undefined, action_statement: 'Update.' };
    const [app] = read(file(documentOf([statement({ products, ...affected })]))).projects;
    expect(app?.vex).toEqual([expect.not.objectContaining({ packages: expect.anything() })]);
    const [accepted] = read(file(documentOf([statement({ products })]))).projects;
    expect(accepted?.vex?.map(({ packages }) => packages?.map(purlText))).toEqual([['pkg:deb/debian/zlib']]);
  });

  it.each([
    ['no product', { products: undefined }, 8, /names no product/],
    ['an empty list of products', { products: [] }, 8, /names no product/],
    ['an image without its repository', { products: [{ '@id': 'pkg:oci/app' }] }, 16, /anybody's image/],
    ['an image by its digest', { products: [{ '@id': 'pkg:oci/app@sha256:abc' }] }, 16, /digest/],
  ])('on %s counts for nothing, is warned of, and leaves the others in force', (_, over, line, message) => {
    const { projects, diagnostics, brokenFiles } = read(file(documentOf([statement(over), statement()])));
    expect(diagnostics).toEqual([
      expect.objectContaining({ severity: 'warning', code: 'vex', line, message: expect.stringMatching(message) }),
    ]);
    expect([projects[0]?.vex?.length, brokenFiles.size]).toEqual([1, 0]);
  });

  it('that has ended is kept, and warned of at its position', () => {
    const { projects, diagnostics } = read(file(documentOf([statement({ timestamp: '2026-01-01T00:00:00Z' })])));
    expect(projects[0]?.vex).toMatchObject([{ expires: '2026-06-30' }]);
    expect(diagnostics).toEqual([
      expect.objectContaining({ severity: 'warning', line: 8, column: 5, message: expect.stringMatching(/180 days/) }),
    ]);
  });

  it('that is newer comes before an older one, whatever document it is in', () => {
    const older = statement({ status: 'affected', justification: undefined, action_statement: 'Update.' });
    const newer = statement({ timestamp: '2026-11-02T00:00:00Z' });
    for (const files of [
      [file(documentOf([older]), 'vex/a.json'), file(documentOf([newer]), 'vex/b.json')],
      [file(documentOf([newer]), 'vex/a.json'), file(documentOf([older]), 'vex/b.json')],
    ]) {
      expect(read(...files).projects[0]?.vex?.map(({ status }) => status)).toEqual(['not_affected', 'affected']);
    }
  });

  it('of the same moment as another comes after the one that accepts less', () => {
    const affected = statement({ status: 'affected', justification: undefined, action_statement: 'Update.' });
    for (const statements of [
      [affected, statement()],
      [statement(), affected],
    ]) {
      const [app] = read(file(documentOf(statements))).projects;
      expect(app?.vex?.map(({ status }) => status)).toEqual(['affected', 'not_affected']);
    }
  });
});

it.each([
  ['a name that hides something', '%E2%80%AEopenssl'],
  ['a name that is too long', 'x'.repeat(300)],
  ['a line break', 'open%0Assl'],
])('a package with %s is no part of a statement, whose project can be kept', (_, name) => {
  const subcomponents = [{ '@id': `pkg:deb/debian/${name}` }, { '@id': 'pkg:deb/debian/zlib' }];
  const { projects } = read(file(documentOf([statement({ products: [{ '@id': 'demo/app', subcomponents }] })])));
  expect(projects[0]?.vex?.[0]?.packages?.map(purlText)).toEqual(['pkg:deb/debian/zlib']);
  for (const project of projects) expect(projectSchema.parse(project)).toEqual(project);
});

it('a document as vexctl writes it is read', () => {
  const text = `{
  "@context": "https://openvex.dev/ns/v0.2.0",
  "@id": "https://openvex.dev/docs/public/vex-a7e7c69be57bc49dec9cc2f3a3e3329b12674ca53b53a53ab42134dcc0510779",
  "author": "author@example.com",
  "timestamp": "2026-11-03T09:33:28.913572+01:00",
  "version": 1,
  "statements": [
    {
      "vulnerability": {
        "name": "CVE-2022-24999"
      },
      "timestamp": "2026-11-03T09:33:28.913574+01:00",
      "products": [
        {
          "@id": "pkg:oci/app?repository_url=registry.example%2Fslipway%2Fdemo%2Fapp",
          "subcomponents": [
            {
              "@id": "pkg:npm/express@4.17.1"
            },
            {
              "@id": "pkg:npm/qs@6.7.0"
            }
          ]
        }
      ],
      "status": "not_affected",
      "justification": "vulnerable_code_not_in_execute_path"
    }
  ]
}
`;
  const { projects, diagnostics } = read(file(text));
  expect(diagnostics).toEqual([]);
  expect(projects[0]?.vex).toMatchObject([{ ids: ['CVE-2022-24999'] }]);
  expect(projects[0]?.vex?.[0]?.packages?.map(purlText)).toEqual(['pkg:npm/express@4.17.1', 'pkg:npm/qs@6.7.0']);
});

describe('a document', () => {
  const bad = (over: object) => documentOf([statement()], over);
  const badStatement = (over: object) => documentOf([statement(over)]);
  it.each([
    ['of another context', bad({ '@context': 'https://openvex.dev/ns/v0.9.0' }), 2, /v0\.2\.0/],
    ['without an author', bad({ author: undefined }), 1, /"author"/],
    ['without a time', bad({ timestamp: undefined }), 1, /"timestamp"/],
    ['with a time without a zone', bad({ timestamp: '2026-11-01T08:00:00' }), 5, /zone/],
    ['of the future', bad({ timestamp: '2026-11-23T08:00:00Z' }), 8, /yet to come/],
    ['with no version', bad({ version: 0 }), 6, /from 1/],
    ['with a key that is not known', bad({ statments: [] }), 24, /statments/],
    ['without statements', documentOf([]), 7, /no statement/],
    [
      'with a misspelt key in a product',
      badStatement({ products: [{ '@id': 'demo/app', subcomponent: [] }] }),
      18,
      /subcomponent/,
    ],
    ['with an unknown status', badStatement({ status: 'harmless' }), 20, /one of not_affected/],
    ['that does not say why', badStatement({ justification: undefined }), 20, /justification/],
    ['with a reason that is not known', badStatement({ justification: 'because' }), 21, /one of component_not_present/],
    ['with a reason where none belongs', badStatement({ status: 'fixed' }), 21, /only/],
    [
      'that does not say what to do',
      badStatement({ status: 'affected', justification: undefined }),
      20,
      /action_statement/,
    ],
    [
      'with a name that hides something',
      badStatement({ vulnerability: { name: 'CVE-1\u202e' } }),
      10,
      /cannot be seen/,
    ],
    ['of nothing', '', 1, /not valid JSON/],
    ['that breaks off', '{"@context":\n', 1, /not valid JSON/],
    ['with a comma too much', '{\n  "author": "me",\n}', 3, /not valid JSON/],
    ['that is a list', '[]', 1, /OpenVEX/],
    ['too large', `"${'x'.repeat(1_000_001)}"`, 1, /larger than 1 MB/],
    ['nested too deep', '['.repeat(100_000), 1, /not valid JSON/],
  ])('%s is an error at its position, and says nothing at all', (_, content, line, message) => {
    const good = file(documentOf([statement({ products: [{ '@id': 'demo/other' }] })]), 'vex/good.json');
    const { projects, diagnostics, brokenFiles } = read(file(content), good);
    expect(diagnostics[0]).toMatchObject({
      file: 'vex/one.json',
      severity: 'error',
      message: expect.stringMatching(message),
    });
    expect(diagnostics[0]?.line).toBe(line);
    expect([...brokenFiles]).toEqual(['vex/one.json']);
    expect(projects.map(({ vex }) => vex?.length)).toEqual([undefined, 1, undefined]);
  });

  it.each(['vex/a\u202e.json', `vex/${'x'.repeat(300)}.json`, 'vex/a\n.json'])('called %j is an error', (path) => {
    const { diagnostics, brokenFiles } = read(file(documentOf([statement()]), path));
    expect(diagnostics).toMatchObject([{ severity: 'error', code: 'file-name' }]);
    expect([...brokenFiles]).toEqual([path]);
  });

  it('that cannot be read leaves every project the statements that it has', () => {
    const known = read(file(documentOf([statement()]))).projects;
    expect(planIndex(read(file('{')), known)).toEqual({ added: [], changed: [], deactivated: [] });
    expect(planIndex(read(), known).changed.map(({ name, vex }) => [name, vex])).toEqual([
      ['demo/app:latest', undefined],
      ['demo/app:1.0', undefined],
    ]);
  });

  it('that names no project of the index is reported, once for each product that looks like one', () => {
    const products = [{ '@id': 'demo/gone' }, { '@id': 'demo/app:2.0' }, { '@id': 'demo/app' }];
    const { diagnostics } = read(file(documentOf([statement({ products })])));
    expect(diagnostics.map(({ line, message }) => [line, message])).toEqual([
      [16, 'No project of the index is called "demo/gone".'],
      [19, 'No project of the index is called "demo/app:2.0".'],
    ]);
    const upstream = read(file(documentOf([statement({ products: [{ '@id': 'pkg:apk/wolfi/git@2.39' }] })])));
    expect(upstream.diagnostics).toMatchObject([
      { severity: 'warning', message: expect.stringMatching(/No statement/) },
    ]);
  });

  it('of a thousand statements leaves each project room in its record: the newest are kept', () => {
    const many = Array.from({ length: 900 }, (_, at) => {
      const day = String(1 + (at % 20)).padStart(2, '0');
      return statement({ vulnerability: { name: `CVE-2026-${at}` }, timestamp: `2026-11-${day}T00:00:00Z` });
    });
    const { projects, diagnostics } = read(file(documentOf(many)));
    const vex = projects[0]?.vex ?? [];
    expect(vex.length).toBeGreaterThan(300);
    expect(vex.length).toBeLessThanOrEqual(500);
    expect(Buffer.byteLength(JSON.stringify(vex))).toBeLessThanOrEqual(101_000);
    expect(vex[0]?.expires).toBe('2027-05-19');
    expect(diagnostics).toContainEqual(
      expect.objectContaining({ severity: 'warning', message: expect.stringMatching(/More is said/) }),
    );
  });

  it('beside five hundred others is enough', () => {
    const files = Array.from({ length: 502 }, (_, at) => file(documentOf([statement()]), `vex/${1000 + at}.json`));
    const { diagnostics, brokenFiles } = read(...files);
    expect([...brokenFiles]).toEqual(['vex/1500.json']);
    expect(diagnostics.at(-1)).toMatchObject({ file: 'vex/1500.json', code: 'too-large' });
  });

  it('is read from no other path', () => {
    const elsewhere = ['vex/a/one.json', 'vex.json', 'vex/one.JSON.txt', 'docs/vex/one.json'];
    expect(read(...elsewhere.map((path) => file('{', path))).diagnostics).toEqual([]);
  });
});
