// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Dockerfiles have variables of their own

import { expect, test } from 'vitest';
import { readDockerfile } from '../../../core/bases/dockerfile.ts';
import { InvalidInputError } from '../../../core/model/errors.ts';
import { cpuTime } from '../../cpu-time.ts';

const platform = { os: 'linux', architecture: 'arm64' };
const read = (...lines: string[]) => readDockerfile(lines.join('\n'), platform);
const bases = (...lines: string[]) => read(...lines).bases.map(({ reference }) => reference);

test.each([
  ['before the first FROM', ['ARG BASE=debian', 'FROM ${BASE}:${TAG:-12}'], { BASE: 'alpine' }, ['alpine:12']],
  ['within a stage', ['FROM a', 'ARG TOOLS=b', 'COPY --from=${TOOLS} /x /x'], { TOOLS: 'c' }, ['a', 'c']],
  ['without a default', ['ARG BASE', 'FROM $BASE'], { BASE: 'alpine' }, ['alpine']],
  ['that the file does not name', ['FROM ${BASE:-debian}'], { BASE: 'alpine' }, ['debian']],
])('the value of an argument %s decides which image it is', (_, lines, buildArgs, expected) => {
  const summary = readDockerfile(lines.join('\n'), platform, { buildArgs });
  expect(summary.bases.map(({ reference }) => reference)).toEqual(expected);
});

test('of the stage that is asked for only the images that it needs are found', () => {
  const lines = ['FROM golang AS Build', 'FROM scratch AS final', 'COPY --from=build /a /a', 'FROM node AS tests'];
  const asked = (target: string) => readDockerfile(lines.join('\n'), platform, { target });
  expect(asked('BUILD')).toMatchObject({ target: 'Build', finalBase: 'golang', bases: [{ reference: 'golang' }] });
  expect(asked('final')).toMatchObject({ target: 'final', finalBase: undefined, bases: [{ reference: 'golang' }] });
  expect(asked('tests')).toMatchObject({ target: undefined, finalBase: 'node', bases: [{ reference: 'node' }] });
  expect(() => asked('test')).toThrow(
    'There is no stage "test" in it, which "target" in the index asks for. Its stages are build, final, tests.',
  );
});

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

test('scratch is not an image', () => {
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

test('an ENV of a stage counts for its COPY and for the stages that begin with it', () => {
  expect(
    bases('FROM x AS a', 'ENV A=one', 'ENV B two', 'COPY --from=$A . .', 'FROM a', 'RUN --mount=from=$B,target=/b ls'),
  ).toEqual(['x', 'one', 'two']);
});

test('a part of an image may stand in quotes', () => {
  expect(bases('ARG T=3', 'FROM alpine:"${T}"', "COPY --from='b' . .")).toEqual(['alpine:3', 'b']);
});

test('a variable that no image asks for stops nothing, however it is written', () => {
  expect(
    bases(
      "ARG FORMAT='${binary:Package}\\n' BAD=${FORMAT:1:2} OPEN=\"",
      'ARG VERSION=1.2.3',
      'FROM debian:${VERSION%.*}',
      'ARG BAD=${VERSION^^}',
      'ENV OTHER=${BAD#\\x} MORE="',
      'RUN echo ${#VERSION}',
    ),
  ).toEqual(['debian:1.2']);
  expect(() => read('ARG BAD=${A:1:2}', 'FROM a', 'FROM b:$BAD')).toThrow(/^Line 3: .*not a form of a variable/);
});

test('each ARG has the value that others had before it', () => {
  expect(bases('ARG A=1', 'ARG B=$A', 'ARG A=2 C=${B}3', 'FROM x:$B-$A-$C')).toEqual(['x:1-2-13']);
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

test('what only looks like a here-document hides no stage', () => {
  expect(
    bases(
      'FROM a',
      'RUN ["/bin/sh", "-c", "cat <<EOF"]',
      'FROM b AS two',
      'RUN echo "<<EOF"',
      'FROM c',
      'COPY --from=two / /',
    ),
  ).toEqual(['b', 'c']);
});

test('a here-document may have a blank before its word, and its lines are no stages', () => {
  expect(bases('FROM a', 'RUN python3 << EOF', 'from os import path', 'EOF', 'COPY --from=b / /')).toEqual(['a', 'b']);
});

test('a stage is found by the name as FROM and COPY each compare it', () => {
  expect(bases('FROM a AS Build', 'FROM b', 'COPY --from=BUILD / /')).toEqual(['a', 'b']);
  expect(() => read('FROM a AS Build', 'FROM Build')).toThrow('Line 2: "Build" is not an image\'s name');
  expect(bases('FROM a AS one', 'FROM b AS one', 'FROM c', 'COPY --from=one / /')).toEqual(['b', 'c']);
  expect(bases('FROM a', 'FROM b', 'RUN --mount=from=0,target=/m ls')).toEqual(['b', '0']);
});

test('a stage called scratch is what scratch means from there on', () => {
  expect(bases('FROM a AS scratch', 'FROM scratch')).toEqual(['a']);
  expect(bases('FROM a AS scratch', 'FROM b', 'RUN --mount=type=cache,target=/c ls')).toEqual(['a', 'b']);
});

test('what ONBUILD keeps counts in the stages that begin with its own', () => {
  const onbuild = [
    'FROM a AS one',
    'ONBUILD COPY --from=b / /',
    'onbuild RUN --mount=from=c,target=/m <<E',
    'FROM x',
    'E',
  ];
  expect(bases(...onbuild)).toEqual(['a']);
  expect(bases(...onbuild, 'FROM one')).toEqual(['a', 'b', 'c']);
  expect(read(...onbuild)).toMatchObject({ runOptions: ['--mount=from=c,target=/m'], hasHeredoc: true });
  expect(bases('FROM a AS one', 'ONBUILD NONSENSE')).toEqual(['a']);
});

test.each([
  ['ADD https://a.example/x.tgz y /z/', ['https://a.example/x.tgz']],
  ['ADD --chown=1:1 "HTTP://a.example/x" /z', ['"HTTP://a.example/x"']],
  ['ADD ["http://127.0.0.1/a b", "/z"]', ['http://127.0.0.1/a b']],
  ['ADD h\\ttp://127.0.0.1 /z', ['h\\ttp://127.0.0.1']],
  ['ADD git@a.example:b/c.git git://a.example/b /z', ['git@a.example:b/c.git', 'git://a.example/b']],
  // A base image may set it, whatever the Dockerfile says of it.
  ['ADD $JAR h${T}tp://127.0.0.1 /z', ['$JAR', 'h${T}tp://127.0.0.1']],
  ['ONBUILD ADD http://127.0.0.1 /z', ['http://127.0.0.1']],
  ['ADD file:x ./$JAR build/${V}.jar $TARGET/', []],
  ['ADD http://the.target/', []],
  ['COPY http://a.example/x /z', []],
])('an ADD may fetch an address, or what may be one: %s', (instruction, remoteSources) => {
  expect(read('FROM a', instruction).remoteSources).toEqual(remoteSources);
});

test.each([
  ['the escape directive after another', '# syntax=docker/dockerfile:1\n# escape=`\nFROM a\nLABEL a=b `\nRUN id\n', 2],
  ['two carriage returns', 'FROM a\nLABEL a=b \\\r\r\nRUN id\n', 2],
  ['two escape characters', 'FROM a\nRUN id \\\\ \nRUN id\n', 2],
  [
    'an option whose backslash escapes for one of them',
    '# escape=`\nFROM a\nRUN --mo\\unt=type=cache,target=/c id\n',
    3,
  ],
])('%s may hide an instruction from who reads as Docker does', (_, text, line) => {
  expect(readDockerfile(text, platform).ambiguity).toMatch(new RegExp(`^Line ${line} `));
});

test.each([
  '# escape=`\nFROM a\nLABEL a=b `\n# comment\n\n c=d\n',
  '#!shebang\n# syntax=docker/dockerfile:1\nFROM a\r\nRUN id \\\r\n && id\r\n',
  'FROM a\nRUN --mount=type=cache,target=/\\c id\n',
])('all read this alike: %j', (text) => {
  expect(readDockerfile(text, platform).ambiguity).toBeUndefined();
});

test('the options of a mount are read as a line of CSV', () => {
  expect(
    bases('FROM a', 'RUN --mount=\'type=bind,"from=b",FROM=c,"target=/with,comma"\' --mount=type=tmpfs,target=/t ls'),
  ).toEqual(['a', 'c']);
});

test('the frontend image is found', () => {
  expect(read('# syntax=docker/dockerfile:1', 'FROM a').syntax).toBe('docker/dockerfile:1');
  expect(read('FROM a', '# syntax=docker/dockerfile:1').syntax).toBeUndefined();
});

test('the other ways in which BuildKit finds a frontend are no Dockerfile', () => {
  expect(() => read('// syntax=evil/frontend', 'FROM a')).toThrow(InvalidInputError);
  expect(() => read('{"syntax": "evil/frontend"}', 'FROM a')).toThrow(InvalidInputError);
});

test('the options of all RUN instructions are found', () => {
  expect(
    read('FROM a', 'RUN --network=none ls', 'COPY --chown=1:1 . .', 'run --mount=target=/m ls').runOptions,
  ).toEqual(['--network=none', '--mount=target=/m']);
});

test.each([
  ['no FROM', ['ARG A=1'], 'There is no FROM instruction in it.'],
  ['nothing', [''], 'There is no FROM instruction in it.'],
  ['an instruction before FROM', ['RUN ls', 'FROM a'], 'Line 1: RUN is before the first FROM.'],
  ['an unknown instruction', ['FROM a', 'FETCH b'], 'Line 2: "FETCH" is not an instruction.'],
  ['a frontend named as only BuildKit reads it', ['// syntax=a', 'FROM b'], 'Line 1: "//" is not an instruction.'],
  ['an empty variable', ['FROM $NOTHING'], 'Line 1: "$NOTHING" is empty once its variables are resolved.'],
  ['FROM without an image', ['FROM'], 'Line 1: FROM names no image.'],
  ['FROM with two words', ['FROM a b'], 'Line 1: FROM takes an image, or an image, AS and a name.'],
  ['a stage that a number names', ['FROM a AS 1st'], 'Line 1: a stage cannot be called "1st".'],
  ['an image that is none', ['FROM a', 'FROM b//c', 'FROM d'], 'Line 2: "b//c" is not an image\'s name'],
  [
    'a stage after its use',
    ['FROM a', 'COPY --from=late / /', 'FROM b AS late', 'FROM c', 'COPY --from=0 / /'],
    'Line 2: ',
  ],
  ['a stage that takes from itself', ['FROM a AS b', 'COPY --from=b / /'], 'Line 2: '],
  ['COPY from two', ['FROM a', 'COPY --from=b --from=c / /'], 'Line 2: COPY has --from more than once.'],
  ['COPY from nothing', ['FROM a', 'COPY --from / /'], 'Line 2: --from has no value.'],
  ['ADD from an image', ['FROM a', 'ADD --from=b / /'], 'Line 2: ADD cannot take files from an image: write COPY.'],
  ['a mount that is not a list', ['FROM a', 'RUN --mount=type=bind,\\"from=b ls'], 'Line 2: the mount '],
  ['ONBUILD FROM', ['FROM a', 'ONBUILD FROM b'], 'Line 2: ONBUILD cannot contain "FROM".'],
  [
    'a trigger that is none',
    ['FROM a AS b', 'ONBUILD NONSENSE', 'FROM b'],
    'Line 2: "NONSENSE" is not an instruction.',
  ],
  ['ENV without a value', ['FROM a', 'ENV A'], 'Line 2: ENV gives "A" no value.'],
  ['a here-document without an end', ['FROM a', 'RUN cat <<EOF', 'FROM b'], 'Line 2: no line ends its here-document'],
])('a Dockerfile with %s is refused', (_, lines, message) => {
  expect(() => read(...lines)).toThrow(InvalidInputError);
  expect(() => read(...lines)).toThrow(message);
});

test('a stage may not have the name of a base that would replace it', () => {
  const message =
    'Line 1: the stage has the name of the image node, which would replace it. Give the stage another name.';
  expect(() => read('FROM node AS node', 'RUN make', 'FROM nginx', 'COPY --from=node /a /a')).toThrow(message);
  expect(() => read('FROM a AS node', 'FROM b', 'COPY --from=node / /', 'COPY --from=node:latest / /')).toThrow(
    message,
  );
  expect(bases('FROM node AS node', 'FROM nginx', 'COPY --from=node /a /a')).toEqual(['node', 'nginx']);
  expect(bases('FROM node:22 AS node', 'RUN make', 'FROM node')).toEqual(['node:22']);
});

test.each([
  ['stages', 'FROM a AS b\n'],
  ['stages upon stages', 'FROM b AS b\n'],
  ['variables', 'ARG A=$A$A\n'],
  ['patterns', 'ARG A=${A//?/$A}\n'],
  ['here-documents', 'RUN <<E\nE\n'],
  ['openings of here-documents', 'RUN <<E '],
  ['triggers', 'ONBUILD COPY --from=c / /\nFROM b AS b\n'],
  ['mounts', 'RUN --mount=from="a" b\n'],
  ['mounts on one line', '--mount=from=a '],
  ['blanks', ' '],
  ['blanks in a directive', '# syntax= \t'],
  ['continued lines', 'a \\\n'],
  ['brackets', '['],
  ['backslashes', '\\'],
])('a Dockerfile of %s without end is read at once, or refused', (_, part) => {
  for (const before of ['FROM a AS b\n', 'FROM a AS b\nRUN << ', '# syntax=']) {
    const text = before + part.repeat(Math.floor((256 * 1024) / part.length));
    const began = process.threadCpuUsage();
    try {
      readDockerfile(`${text}<`, platform);
    } catch (error) {
      expect(error).toBeInstanceOf(InvalidInputError);
    }
    expect(process.threadCpuUsage(began).user / 1000, before).toBeLessThan(1_000);
  }
});

test('a long Dockerfile is read in reasonable time', () => {
  const started = cpuTime();
  read('FROM a', ...Array.from({ length: 5_000 }, (_, index) => `RUN echo ${index} $X \\\n && true`));
  expect(cpuTime() - started).toBeLessThan(5_000);
});
