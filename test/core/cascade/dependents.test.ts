import { describe, expect, it } from 'vitest';
import { mergeCauses } from '../../../core/builds/cause.ts';
import { declaredImages, imagesOf, observedImage, releasedImages } from '../../../core/cascade/dependents.ts';
import { ownParent } from '../../../core/model/project-name.ts';
import { sampleProject } from '../sample-project.ts';

describe('an image that projects depend on is known', () => {
  it.each([
    ['docker.io/library/debian:12', false, 'docker.io/library/debian:12'],
    ['localhost:4600/slipway/demo/base:latest', true, 'demo/base:latest'],
    ['localhost:4600/slipway/debian:12', true, 'library/debian:12'],
    [`localhost:4600/slipway/demo/base@sha256:${'0'.repeat(64)}`, true, undefined],
    [`docker.io/library/debian@sha256:${'0'.repeat(64)}`, false, undefined],
  ])('%s (own: %s) as %s', (image, own, key) => {
    expect(observedImage({ image, own }, 'slipway/')).toBe(key);
  });

  it.each([
    ['demo/base:latest', ['demo/base:latest']],
    ['demo/base', ['demo/base:latest']],
    ['centos/centos:7', ['centos/centos:7', 'docker.io/centos/centos:7']],
    ['debian', ['library/debian:latest', 'docker.io/library/debian:latest']],
    ['quay.io/centos/centos:stream9', ['quay.io/centos/centos:stream9']],
    [`debian@sha256:${'0'.repeat(64)}`, []],
    ['-no image-', []],
  ])('by the entry that says %s', (parent, images) => {
    expect(declaredImages([parent], (name) => name === 'demo/base:latest')).toEqual(images);
  });

  it('by every tag that a release of the branch moves, and none that stays', () => {
    const project = sampleProject(undefined, { desiredTag: '1', gitBranch: 'main', extraTags: ['stable'] });
    expect(imagesOf(project).toSorted()).toEqual(['demo/app:1', 'demo/app:main', 'demo/app:stable']);
    expect(imagesOf({ ...project, sharesRepository: true }).toSorted()).toEqual(['demo/app:1', 'demo/app:stable']);
    const tags = ['1.2.3', '1.2', 'build-20261121T000000Z-aaaaaaa', `sha-${'a'.repeat(40)}`];
    expect(releasedImages(project, tags)).toEqual(['demo/app:1.2.3', 'demo/app:1.2']);
  });

  it('and a name that can be no project of the index is none', () => {
    expect(ownParent('quay.io:443/a/b:1')).toBeUndefined();
  });
});

describe('a build that several things call for', () => {
  const base = (image: string, digest: string) => ({ image, digest, previous: 'sha256:0' });

  it('names all parents, and all bases with their newest digest', () => {
    expect(
      mergeCauses([
        { type: 'parent-released', parents: ['b'] },
        { type: 'parent-released', parents: ['a', 'b'] },
      ]),
    ).toEqual({ type: 'parent-released', parents: ['a', 'b'] });
    expect(
      mergeCauses([
        { type: 'bases-changed', bases: [base('x', 'sha256:1'), base('y', 'sha256:1')] },
        { type: 'bases-changed', bases: [base('x', 'sha256:2')] },
      ]),
    ).toEqual({ type: 'bases-changed', bases: [base('x', 'sha256:2'), base('y', 'sha256:1')] });
  });

  it('names what says most of the project itself', () => {
    const index = { type: 'index', delivery: 'd', commit: 'c', change: 'changed' } as const;
    expect(mergeCauses([{ type: 'parent-released', parents: ['a'] }, index])).toEqual(index);
  });
});
