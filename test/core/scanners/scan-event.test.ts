import { expect, test } from 'vitest';
import { scannedBuildsOf } from '../../../core/scanners/scan-event.ts';

const [one, other] = ['00000000000000aa', '00000000000000bb'];
const scan = (detailType: string, tags?: string[]) => ({
  'detail-type': detailType,
  detail: {
    'repository-name': 'slipway/candidate/demo/app',
    'image-digest': `sha256:${'a'.repeat(64)}`,
    'image-tags': tags,
  },
});

test.each([
  ['of basic scanning', scan('ECR Image Scan', [one]), [one]],
  ['of enhanced scanning', scan('Inspector2 Scan', [one]), [one]],
  ['of an image that two builds have made', scan('ECR Image Scan', [one, other]), [one, other]],
  ['of an image with other tags', scan('ECR Image Scan', ['latest', `${one}0`, one]), [one]],
  ['of an image without tags', scan('ECR Image Scan', []), []],
  ['that says nothing of tags', scan('ECR Image Scan'), []],
  ['of another kind', scan('ECR Image Action', [one]), []],
  ['of no form', 'scan', []],
])('the builds that an event concerns are those whose candidate it is about: one %s', (_what, event, builds) => {
  expect(scannedBuildsOf(event)).toEqual(builds);
});
