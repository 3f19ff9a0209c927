import type { ManifestPlace } from '../../../core/model/deploy-target.ts';

interface Refusal {
  what: string;
  place: Partial<ManifestPlace> & Pick<ManifestPlace, 'kind'>;
  text: string;
  message: string;
}

const tag: Refusal['place'] = { kind: 'yaml', key: ['web', 'tag'], part: 'tag' };

/** Manifests that no release is written into, and what is said of each. */
export const refusals: Refusal[] = [
  {
    what: 'no YAML',
    place: tag,
    text: 'web:\n  tag: "open\n',
    message: 'live/app.yaml:3: this is not YAML: Missing closing "quote.',
  },
  {
    what: 'a template of a chart',
    place: { kind: 'kubernetes' },
    text: 'spec:\n  image: {{ .Values.image }}:demo/app\n',
    message: 'live/app.yaml:2: this is not YAML:',
  },
  {
    what: 'indentation by tabs',
    place: tag,
    text: 'web:\n\ttag: 1\n',
    message: 'live/app.yaml:2: this is not YAML: Tabs are not allowed as indentation.',
  },
  {
    what: 'an image of a kustomization that would stay in another registry',
    place: { kind: 'kustomize' },
    text: 'images:\n  - name: ghcr.io/demo/app\n    newTag: "1"\n',
    message:
      'live/app.yaml:2: the image ghcr.io/demo/app has no newName: it would be looked for where it was before. Write newName: registry.example.org/demo/app.',
  },
  { what: 'an empty file', place: tag, text: '', message: 'live/app.yaml:1: there is no web.tag.' },
  {
    what: 'a file of comments',
    place: tag,
    text: '# nothing\n',
    message: 'live/app.yaml:1: there is no web.tag.',
  },
  {
    what: 'a key that is not there',
    place: tag,
    text: 'a: 1\nweb:\n  image: x\n  tags: 1\n',
    message: 'live/app.yaml:3: web has no key "tag"; it has image, tags.',
  },
  {
    what: 'a key that several documents have',
    place: tag,
    text: 'web:\n  tag: 1\n---\nweb:\n  tag: 2\n',
    message: 'live/app.yaml:5: several documents of the file have web.tag (lines 2 and 5).',
  },
  {
    what: 'a key that is written twice',
    place: tag,
    text: 'web:\n  tag: 1\n  tag: 2\n',
    message: 'live/app.yaml:3: the key "tag" is written a second time in one mapping.',
  },
  {
    what: 'a key path through a list',
    place: tag,
    text: 'web:\n  - tag: 1\n',
    message: 'live/app.yaml:2: web is a list, and a key path does not lead through a list.',
  },
  {
    what: 'a key path through a text',
    place: tag,
    text: 'web: demo\n',
    message: 'live/app.yaml:1: web is a single value: there is no "tag" in it.',
  },
  {
    what: 'a key path through an alias',
    place: tag,
    text: 'base: &base\n  tag: 1\nweb: *base\n',
    message: 'live/app.yaml:3: web is only a reference (*base) to a value, which is written on line 2.',
  },
  {
    what: 'a value that a merge key brings in',
    place: tag,
    text: 'base: &base\n  tag: 1\nweb:\n  <<: *base\n  image: x\n',
    message: 'What a merge key (<<) brings in is not changed: write it out here.',
  },
  {
    what: 'a mapping where a value is expected',
    place: tag,
    text: 'web:\n  tag:\n    name: 1\n',
    message: 'live/app.yaml:3: there is a mapping or a list here instead of one value.',
  },
  {
    what: 'a value of several lines',
    place: tag,
    text: 'web:\n  tag: >-\n    one\n    two\n',
    message: 'live/app.yaml:2: the value "one two" has several lines.',
  },
  {
    what: 'a chart without tag and digest',
    place: { kind: 'helm-values' },
    text: 'image:\n  repository: demo/app\n',
    message: 'live/app.yaml:2: image has neither tag nor digest. Write one of them, such as tag: "".',
  },
  {
    what: 'a kustomization without images',
    place: { kind: 'kustomize' },
    text: 'resources: [a.yaml]\n',
    message: 'live/app.yaml:1: the document has no key "images"; it has resources.',
  },
  {
    what: 'a kustomization of other images',
    place: { kind: 'kustomize' },
    text: 'images:\n  - name: nginx\n    newTag: "1"\n',
    message: 'live/app.yaml:1: there is no image named demo/app. Say what it is called there with "image".',
  },
  {
    what: 'manifests of other images',
    place: { kind: 'kubernetes' },
    text: 'image: demo/app-worker:1\n',
    message: 'live/app.yaml:1: there is no image named demo/app.',
  },
  {
    what: 'a compose file without services',
    place: { kind: 'docker-compose' },
    text: 'a: 1\n',
    message: 'live/app.yaml:1: this is not a compose file: there is no mapping "services".',
  },
  {
    what: 'an image of which Compose fills in a part',
    place: { kind: 'docker-compose' },
    text: 'services:\n  web:\n    image: demo/app:$TAG\n',
    message: 'live/app.yaml:3: the image "demo/app:$TAG" has a variable in it',
  },
  {
    what: 'a file without the marker',
    place: { kind: 'yaml', policy: 'flux-system:app' },
    text: 'tag: 1 # {"$imagepolicy": "flux-system:other:tag"}\n',
    message: 'live/app.yaml:1: there is no value marked with {"$imagepolicy": "flux-system:app"}.',
  },
  {
    what: 'a marker with another end',
    place: { kind: 'yaml', policy: 'flux-system:app' },
    text: 'a: 0\ntag: 1 # {"$imagepolicy": "flux-system:app:sha"}\n',
    message: 'live/app.yaml:2: the marker flux-system:app:sha ends with none of :name, :tag and :digest.',
  },
];
