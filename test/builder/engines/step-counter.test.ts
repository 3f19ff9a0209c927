import { expect, test } from 'vitest';
import { StepCounter } from '../../../builder/engines/step-counter.ts';

const sha = 'ab'.repeat(32);
const head = ['#1 [internal] load build definition from Dockerfile', '#1 DONE 0.1s'];
const from = [`#5 [other 1/2] FROM example.org/demo/base:v1@sha256:${sha}`, '#5 CACHED'];

test.each<[what: string, lines: string[], expected: [cached: number, total: number] | undefined]>([
  ['nothing', [], undefined],
  ['an output of another form', ['Sending build context to Docker daemon', 'Step 1/2 : RUN make'], undefined],
  ['BuildKit: no instruction makes files', [...head, ...from, '#6 exporting to image', '#6 DONE 0.1s'], undefined],
  [
    'BuildKit: the first build; steps that run at a time are printed by turns',
    [
      ...head,
      '#4 importing cache manifest from example.org/cache/demo/app:cache',
      '#4 ERROR: failed to configure registry cache importer: example.org/cache/demo/app:cache: not found',
      ...from,
      '#7 [stage-2 2/7] WORKDIR /srv',
      '#7 DONE 0.1s',
      '#8 [other 2/2] RUN echo other > /other',
      '#8 ...',
      '#9 [tools 2/3] RUN echo made > /made',
      '#9 DONE 0.4s',
      '#8 [other 2/2] RUN echo other > /other',
      '#8 DONE 0.5s',
      '#11 [stage-2 3/7] COPY --from=tools /made /tool ./',
      '#11 DONE 0.1s',
    ],
    [0, 4],
  ],
  [
    'BuildKit: a step that prints what the engine would',
    [
      "#14 [stage-2 6/7] RUN echo '#14 CACHED'; ls",
      '#14 0.206 #14 CACHED',
      '#14 0.206 #9 [2/3] RUN x',
      `#14 0.206 #14 sha256:${sha} 93B / 93B 0.0s done`,
      '#14 0.206 ',
      '#14 DONE 0.3s',
    ],
    [0, 1],
  ],
  [
    'BuildKit: what comes from the registry, with and without a word about it',
    [
      '#7 [tools 2/3] RUN echo made > /made',
      '#7 CACHED',
      '#8 [tools 3/3] RUN echo "tool 1" > /tool',
      `#8 sha256:${sha} 104B / 104B 0.1s done`,
      '#8 DONE 0.4s',
      '#9 [stage-2 2/7] WORKDIR /srv',
      '#9 DONE 0.0s',
      '#8 [tools 3/3] RUN echo "tool 1" > /tool',
      `#8 extracting sha256:${sha} 0.0s done`,
      '#8 DONE 0.5s',
      '#12 [stage-2 4/7] COPY --from=other /other ./',
      '#12 CACHED',
      '#12 [stage-2 4/7] COPY --from=other /other ./',
      `#12 sha256:${sha} 164B / 164B 0.0s done`,
      '#12 DONE 0.4s',
      '#15 [stage-2 7/7] RUN <<X (echo one...)',
      '#15 0.260 one',
      '#15 DONE 0.3s',
      '#16 exporting to image',
      '#16 DONE 0.8s',
    ],
    [3, 5],
  ],
  [
    'BuildKit: two platforms',
    [
      `#7 [linux/amd64 build 1/2] FROM example.org/demo/base:v1@sha256:${sha}`,
      '#7 CACHED',
      '#8 [linux/amd64->arm64 build 2/2] RUN echo arm64 > /arch',
      '#8 DONE 0.5s',
      '#9 [linux/amd64 build 2/2] RUN echo amd64 > /arch',
      '#9 CACHED',
      '#10 [linux/arm64 stage-1 2/3] COPY --from=build /arch /arch',
      '#10 DONE 0.0s',
      '#11 [linux/amd64 stage-1 2/3] COPY --from=build /arch /arch',
      '#11 CACHED',
    ],
    [2, 4],
  ],
  [
    'BuildKit: one stage without a name',
    [`#4 [1/2] FROM example.org/demo/base:v1@sha256:${sha}`, '#4 CACHED', '#5 [2/2] ADD file /', '#5 CACHED'],
    [1, 1],
  ],
  [
    'Buildah: the first build',
    ['STEP 1/3: FROM demo/base:v1', 'STEP 2/3: RUN make', 'made', '--> 067f0e67cff', 'STEP 3/3: CMD ["ls"]', 'COMMIT'],
    [0, 1],
  ],
  [
    'Buildah: several stages; instructions that make no files do not count, whether they were cached or not',
    [
      '[1/2] STEP 1/4: FROM localhost/demo/base:v1 AS tools',
      '[1/2] STEP 2/4: ARG VERSION=1',
      `--> Using cache ${sha}`,
      '--> abababababa',
      '[1/2] STEP 3/4: RUN echo made > /made',
      `--> Using cache ${sha}`,
      '--> abababababa',
      '[1/2] STEP 4/4: RUN echo "tool $VERSION" > /tool',
      `--> Using cache ${sha}`,
      '--> abababababa',
      '[2/2] STEP 1/5: FROM localhost/demo/base:v1',
      '[2/2] STEP 2/5: WORKDIR /srv',
      `--> Using cache ${sha}`,
      '--> abababababa',
      '[2/2] STEP 3/5: copy . ./',
      '--> bd7cb029d60',
      '[2/2] STEP 4/5: RUN ls',
      '--> Using cache of my own',
      '--> 083894ea31f',
      '[2/2] STEP 5/5: LABEL "a"="b"',
      '[2/2] COMMIT',
      '--> 17f824855f1',
    ],
    [3, 5],
  ],
])('%s', (_, lines, expected) => {
  const steps = new StepCounter();
  for (const line of lines) steps.receive(line);
  expect(steps.use).toEqual(expected && { cached: expected[0], total: expected[1] });
});
