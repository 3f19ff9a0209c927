// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Dockerfiles have variables of their own

import { expect, test } from 'vitest';
import { readDockerfile } from '../../../core/bases/dockerfile.ts';
import { expandVariables } from '../../../core/bases/dockerfile-variables.ts';
import { InvalidInputError } from '../../../core/model/errors.ts';
import { cpuTime } from '../../cpu-time.ts';

const platform = { os: 'linux', architecture: 'arm64' };
const read = (...lines: string[]) => readDockerfile(lines.join('\n'), platform);
const bases = (...lines: string[]) => read(...lines).bases.map(({ reference }) => reference);

test('the image of every stage is found, and the names of stages are not taken for images', () => {
  const summary = read(
    'FROM golang:1.24 AS Build',
    'RUN make',
    'FROM build AS test',
    'FROM debian:12',
    'COPY --from=TEST /a /a',
  );
  expect(summary.bases).toEqual([
    { kind: 'from', reference: 'golang:1.24', written: 'golang:1.24', line: 1 },
    { kind: 'from', reference: 'debian:12', written: 'debian:12', line: 4 },
  ]);
  expect(summary.finalBase).toBe('debian:12');
});

test('images that COPY and RUN take files from are found', () => {
  expect(
    bases(
      'FROM scratch',
      'COPY --chown=1:1 --from=busybox:1.36 /bin /bin',
      'run --mount=type=cache,target=/c --mount=type=bind,from=alpine,target=/m ls',
      'RUN --mount=from=ghcr.io/a/b:1,target=/n ls',
    ),
  ).toEqual(['busybox:1.36', 'alpine', 'ghcr.io/a/b:1']);
});

test('a stage can be called for by its number', () => {
  expect(bases('FROM a', 'FROM scratch', 'COPY --from=0 /x /x')).toEqual(['a']);
  expect(() => bases('FROM a', 'COPY --from=7 /x /x')).toThrow('there is no stage 7');
});

test('a stage that the image does not need asks for no base', () => {
  expect(bases('FROM unused', 'FROM other AS tests', 'COPY --from=0 /x /x', 'FROM debian')).toEqual(['debian']);
});

test('scratch is no image', () => {
  const summary = read('FROM scratch', 'COPY --from=scratch . .');
  expect(summary.bases).toEqual([]);
  expect(summary.finalBase).toBeUndefined();
});

test("the last stage's base is found through the stages between", () => {
  expect(read('FROM debian AS one', 'FROM one AS two', 'FROM two').finalBase).toBe('debian');
});

test('a stage may have the name of the image that it begins with', () => {
  expect(bases('FROM debian AS debian', 'FROM debian')).toEqual(['debian']);
});

test('ARGs before the first FROM are put in, with the text as it stands beside it', () => {
  const summary = read('ARG RELEASE=12 NAME="debian"', 'ARG IMAGE=${NAME}:$RELEASE', 'FROM ${IMAGE}-slim');
  expect(summary.bases).toMatchObject([{ reference: 'debian:12-slim', written: '${IMAGE}-slim' }]);
  expect(summary.args).toEqual(new Set(['RELEASE', 'NAME', 'IMAGE']));
});

test('an ARG of a stage counts for its COPY, not for the next FROM', () => {
  expect(bases('ARG A=one', 'FROM x', 'ARG A', 'ARG B=two', 'COPY --from=$A . .', 'COPY --from=$B . .')).toEqual([
    'x',
    'one',
    'two',
  ]);
  expect(() => bases('FROM x', 'ARG A=one', 'FROM $A')).toThrow(InvalidInputError);
});

test('the platform has its variables in FROM', () => {
  expect(bases('FROM --platform=$BUILDPLATFORM debian:${TARGETARCH}')).toEqual(['debian:arm64']);
});

test('lines that go on, comments, other case and another escape character are read', () => {
  expect(bases('from \\', '  # why', '  debian:12 \\', '  as one', 'FROM one')).toEqual(['debian:12']);
  expect(bases('# escape=`', 'FROM `', '  debian')).toEqual(['debian']);
});

test('text of here-documents is not read as instructions', () => {
  const summary = read(
    'FROM a',
    'RUN <<EOF',
    'FROM nothing',
    'COPY --from=nothing . .',
    'EOF',
    'COPY <<-"E" /f',
    '\tFROM no',
    '\tE',
    'COPY --from=b . .',
  );
  expect(summary.bases.map(({ reference }) => reference)).toEqual(['a', 'b']);
  expect(summary.hasHeredoc).toBe(true);
});

test('the frontend image is found', () => {
  expect(read('# syntax=docker/dockerfile:1', 'FROM a').syntax).toBe('docker/dockerfile:1');
  expect(read('FROM a', '# syntax=docker/dockerfile:1').syntax).toBeUndefined();
});

test('says whether commands are run', () => {
  expect(read('FROM a', 'COPY . .').hasRun).toBe(false);
  expect(read('FROM a', 'run ls').hasRun).toBe(true);
});

test.each([
  ['no FROM', ['RUN ls']],
  ['nothing', ['']],
  ['an empty variable', ['FROM $NOTHING']],
  ['FROM without an image', ['FROM']],
])('a Dockerfile with %s is refused', (_, lines) => {
  expect(() => read(...lines)).toThrow(InvalidInputError);
});

test.each([
  ['${A}', 'x'],
  ['$A-$A', 'x-x'],
  ['${EMPTY:-d}', 'd'],
  ['${EMPTY-d}', ''],
  ['${NONE-d}', 'd'],
  ['${NONE:-${A}y}', 'xy'],
  ['${A:+set}', 'set'],
  ['${EMPTY:+set}', ''],
  ['${EMPTY+set}', 'set'],
  ['\\$A', '$A'],
  ['a$', 'a$'],
  ['$1', '$1'],
])('%s becomes %s', (text, expected) => {
  const values: Record<string, string> = { A: 'x', EMPTY: '' };
  expect(expandVariables(text, (name) => values[name])).toBe(expected);
});

test.each(['${A', '${NONE:?say why}', '${A/x/y}', '${}'])('%s is refused', (text) => {
  expect(() => expandVariables(text, () => undefined)).toThrow(InvalidInputError);
});

test('a long Dockerfile is read in reasonable time', () => {
  const started = cpuTime();
  read('FROM a', ...Array.from({ length: 5_000 }, (_, index) => `RUN echo ${index} $X \\\n && true`));
  expect(cpuTime() - started).toBeLessThan(5_000);
});
