import { describe, expect, it } from 'vitest';
import { editManifests } from '../../../core/manifests/edit-manifests.ts';
import { manifestText } from '../../../core/manifests/manifest-text.ts';
import type { ManifestPlace } from '../../../core/model/deploy-target.ts';
import { ManifestError } from '../../../core/model/errors.ts';
import { refusals } from './refused-manifests.ts';
import {
  composeFile,
  deployment,
  helmRelease,
  helmValues,
  kustomization,
  manyDocuments,
  markers,
} from './sample-manifests.ts';

const hex = '0123456789abcdef'.repeat(4);
const digest = `sha256:${hex}`;
const image = { repository: 'registry.example.org/demo/app', tag: '1.10', digest };
const whole = `registry.example.org/demo/app:1.10@${digest}`;
const names = ['demo/app'];

type Kind = Partial<ManifestPlace> & Pick<ManifestPlace, 'kind'>;

function edit(text: string, place: Kind, path = 'live/app.yaml') {
  const files = [{ path, text }];
  const [edited] = editManifests(files, { path, ...place }, { image, names });
  return edited?.text ?? text;
}

/** The text with each `«old»` taken as the value before, and as the one after what stands behind the arrow: `«old→new»`. */
function sides(marked: string): { before: string; after: string } {
  const filled = marked.replaceAll('DIGEST', digest).replaceAll('WHOLE', whole);
  return {
    before: filled.replaceAll(/«([^»→]*)→([^»]*)»/g, '$1'),
    after: filled.replaceAll(/«([^»→]*)→([^»]*)»/g, '$2'),
  };
}

const cases: Record<string, { place: Kind; marked: string }> = {
  'a deployment, its containers by the name of the image': { place: { kind: 'kubernetes' }, marked: deployment },
  'each document of a file': { place: { kind: 'kubernetes' }, marked: manyDocuments },
  'a kustomization': { place: { kind: 'kustomize' }, marked: kustomization },
  'the values of a chart': { place: { kind: 'helm-values', key: ['web', 'image'] }, marked: helmValues },
  'a compose file': { place: { kind: 'docker-compose' }, marked: composeFile },
  'what the markers of Flux name': { place: { kind: 'yaml', policy: 'flux-system:app' }, marked: helmRelease },
  'markers in every form that Flux knows, and in none that it does not': {
    place: { kind: 'yaml', policy: 'flux-system:app' },
    marked: markers,
  },
  'a registry, a repository and a tag, as charts with a common part have them': {
    place: { kind: 'helm-values' },
    marked:
      'image:\n  registry: «docker.io→registry.example.org»\n  repository: «x→demo/app»\n  tag: «"1.9"→"1.10@DIGEST"»\n',
  },
  'the hexadecimal digits alone, for a chart that writes sha256: itself': {
    place: { kind: 'helm-values' },
    marked: `image:\n  repository: «x→registry.example.org/demo/app»\n  tag: «v1→"1.10"»\n  sha: "«→${hex}»"\n`,
  },
  'the digits of a digest where they stood alone': {
    place: { kind: 'helm-values' },
    marked: `image:\n  tag: «v1→"1.10"»\n  digest: «${'f'.repeat(64)}→${hex}»\n`,
  },
  'the whole image under one key of a chart': {
    place: { kind: 'helm-values', key: ['image'] },
    marked: "image: «'demo/app:1'→'WHOLE'» # pinned\n",
  },
  'a tag alone, in quotes where YAML would read a number': {
    place: { kind: 'yaml', key: ['tag'], part: 'tag' },
    marked: 'tag: «1.9→"1.10"»   # by hand until now\nother: 1.9\n',
  },
  'a value that is empty': {
    place: { kind: 'yaml', key: ['a', 'tag'], part: 'digest' },
    marked: 'a:\n  tag:«→ DIGEST»  # none yet\n  next: 1\n',
  },
  'a value that is empty at the end of the file': {
    place: { kind: 'yaml', key: ['tag'], part: 'digest' },
    marked: 'tag:«→ DIGEST»',
  },
  'Windows line ends': {
    place: { kind: 'yaml', key: ['image', 'tag'], part: 'digest' },
    marked: '# v\r\nimage:\r\n  tag: «old→DIGEST»\r\n  pull: "Always"\r\n',
  },
  'a byte order mark': {
    place: { kind: 'yaml', key: ['tag'], part: 'digest' },
    marked: '\ufefftag: «old→DIGEST»\n',
  },
  JSON: {
    place: { kind: 'yaml', key: ['spec', 'image'], part: 'image' },
    marked: '{\n\t"spec": { "image": «"x"→"WHOLE"», "n": 1 } }',
  },
  'an anchor, in its own place': {
    place: { kind: 'yaml', key: ['x-app', 'tag'], part: 'digest' },
    marked: 'x-app: &app\n  tag: &tag   «old→DIGEST»\nweb:\n  <<: *app\n  also: *tag\n',
  },
  'an image behind an alias, once': {
    place: { kind: 'kubernetes' },
    marked: 'x: &image «demo/app:1→WHOLE»\na: { image: *image }\nb:\n  image: *image\n',
  },
  'a key with a dot in it': {
    place: { kind: 'yaml', key: ['metadata', 'annotations', 'example.org/image'], part: 'image' },
    marked: 'metadata:\n  annotations:\n    example.org/image: «old→WHOLE»\n',
  },
  'text in characters of several bytes before it': {
    place: { kind: 'yaml', key: ['tag'], part: 'digest' },
    marked: '# größer 🚀 ✓\nnote: "日本"\ntag: «old→DIGEST»\n',
  },
  'an image that has another name in the manifest': {
    place: { kind: 'kubernetes', image: 'ghcr.io/old/name' },
    marked: 'image: «ghcr.io/old/name:1→WHOLE»\n---\nimage: old/name:1\n---\nimage: quay.io/old/name:1\n',
  },
};

describe('a release in a manifest', () => {
  it.each(Object.entries(cases))('changes only the value: %s', (_, { place, marked }) => {
    const { before, after } = sides(marked);
    expect(before).not.toBe(after);
    expect(edit(before, place)).toBe(after);
  });

  it.each(Object.entries(cases))('changes nothing that is there already: %s', (_, { place, marked }) => {
    const { after } = sides(marked);
    expect(edit(after, place)).toBe(after);
    expect(editManifests([{ path: 'a.yaml', text: after }], { path: 'a.yaml', ...place }, { image, names })).toEqual(
      [],
    );
  });

  it('says of each change which line it is in, and what was there', () => {
    const { before } = sides(kustomization);
    const [edited] = editManifests([{ path: 'k', text: before }], { path: 'k', kind: 'kustomize' }, { image, names });
    expect(edited?.changes.map(({ line, before: was }) => [line, was])).toEqual([
      [10, 'old.example.org/app'],
      [11, '1.9'],
      [14, ''],
    ]);
  });

  it('finds the files of a folder that name the image, whatever the others are', () => {
    const files = [
      { path: 'live/README.yaml', text: '{{ no yaml at all' },
      { path: 'live/web.yaml', text: 'image: demo/app:1\n' },
      { path: 'live/job.yaml', text: 'image: "demo/app"\n' },
    ];
    const edited = editManifests(files, { path: 'live', kind: 'kubernetes' }, { image, names });
    expect(edited.map(({ path, text }) => [path, text])).toEqual([
      ['live/web.yaml', `image: ${whole}\n`],
      ['live/job.yaml', `image: "${whole}"\n`],
    ]);
  });

  it.each(refusals)('refuses with file, line and reason: $what', ({ place, text, message }) => {
    const refused = () => edit(text, place);
    expect(refused).toThrow(ManifestError);
    expect(refused).toThrow(message);
  });

  it('refuses bytes that are no text, and 5 MB of it', () => {
    const bytes = (text: string) => Buffer.from(text, 'latin1');
    expect(() => manifestText('a.yaml', bytes('a: 1\nb: gr\xfcn\n'))).toThrow('a.yaml:2: this is not UTF-8');
    expect(() => manifestText('a.yaml', Buffer.alloc(5_000_000, 'a'))).toThrow('a.yaml:1: the file has 5.0 MB');
    expect(manifestText('a.yaml', Buffer.from('\ufeffa: 1\r\n'))).toBe('\ufeffa: 1\r\n');
  });

  it('reads the largest file that it takes in a moment, however it is made', () => {
    const largest = 999_000;
    for (const text of ['[', '- ', '{a: ', '? ', 'a: &b *c\n'].map((part) => part.repeat(largest / part.length))) {
      expect(() => edit(`image: demo/none\n${text}`, { kind: 'kubernetes' })).toThrow(ManifestError);
    }
  });
});
