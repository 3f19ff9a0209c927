// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Dockerfiles have variables
import { expect, test } from 'vitest';
import { checkDockerfile } from '../../../../core/scanners/dockerfile-lint/buildkit-checks.ts';
import { describeLint, lintSchema } from '../../../../core/scanners/dockerfile-lint/dockerfile-lint.ts';
import {
  HadolintAnswerError,
  prepareForHadolint,
  readHadolint,
} from '../../../../core/scanners/dockerfile-lint/hadolint.ts';
import { withoutSkipped } from '../../../../core/scanners/dockerfile-lint/skipped-checks.ts';
import { writtenInstructions } from '../../../../core/scanners/dockerfile-lint/written-instruction.ts';
import { cpuTime } from '../../../cpu-time.ts';

const lint = (text: string) => checkDockerfile(text, writtenInstructions(text), { besideHadolint: true });
const lintAlone = (text: string) => checkDockerfile(text, writtenInstructions(text));
/** `line rule` of each finding. */
const found = (text: string) => lint(text).map(({ line, rule }) => `${line} ${rule}`);

/** Those of Docker's own pages, https://docs.docker.com/reference/build-checks/, and what stands close to them. */
test.each<[string, string, string[]]>([
  ['a stage in capitals', 'FROM alpine:3 AS BuilderBase\n', ['1 StageNameCasing']],
  ['a stage in small letters', 'FROM alpine:3 AS builder-base\n', []],
  ['as after FROM', 'FROM debian:12 as builder\n', ['1 FromAsCasing']],
  ['AS after from', 'from debian:12 AS builder\n', ['1 FromAsCasing']],
  ['as after from', 'from debian:12 as deb-builder\n', []],
  ['one small instruction', 'FROM alpine:3\nrun echo a\nENTRYPOINT ["a"]\n', ['2 ConsistentInstructionCasing']],
  ['one mixed instruction', 'from alpine:3\nRun echo a\nentrypoint ["a"]\n', ['2 ConsistentInstructionCasing']],
  ['instructions all small', 'from alpine:3\nrun echo a\n', []],
  ['an empty line within RUN', 'FROM alpine:3\nRUN apk add \\\n\n gnupg \\\n\n curl\n', ['2 NoEmptyContinuation']],
  ['a comment within RUN', 'FROM alpine:3\nRUN apk add \\\n# why\n gnupg\n\nUSER a\n', []],
  ['an empty line within a here-document', 'FROM alpine:3\nRUN <<EOF\n\necho a\nEOF\n', []],
  ['an ARG that is none', 'FROM node:22${VARIANT} AS base\n', ['1 UndefinedArgInFrom']],
  ['an ARG with a default in place', 'FROM node:${VERSION:-22}\n', ['1 UndefinedArgInFrom']],
  ['an ARG that is one', 'ARG VARIANT="-alpine"\nFROM node:22${VARIANT} AS base\n', []],
  ['an ARG of the platform', 'FROM --platform=$BUILDPLATFORM node:22\n', []],
  ['a platform that is none', 'FROM --platform=$MACHINE node:22\n', ['1 UndefinedArgInFrom']],
  ['ENV in the old way', 'FROM alpine:3\nENV DIR /var\n', ['2 LegacyKeyValueFormat']],
  ['LABEL in the old way', 'FROM alpine:3\nLABEL name some thing=other\n', ['2 LegacyKeyValueFormat']],
  ['ENV in the new way', 'FROM alpine:3\nENV DIR="/var a" B=c\nLABEL "with space"=c d="e f"\n', []],
  ['a protocol in capitals', 'FROM alpine:3\nEXPOSE 80/TcP 53/udp\n', ['2 ExposeProtoCasing']],
  [
    'an address and a port of the host',
    'FROM alpine:3\nEXPOSE 127.0.0.1:80:80 81:81\n',
    ['2 ExposeInvalidFormat', '2 ExposeInvalidFormat'],
  ],
  ['ports and variables', 'FROM alpine:3\nEXPOSE 80 7000-8000 443/tcp ${PORT:-80}\n', []],
  [
    'ADD from somewhere',
    'FROM alpine:3\nADD https://example.com/a.tgz http://example.com/b /x/\n',
    ['2 RemoteAddWithoutChecksum', '2 RemoteAddWithoutChecksum'],
  ],
  ['ADD with a checksum', 'FROM alpine:3\nADD --checksum=sha256:ab https://example.com/a.tgz /x/\n', []],
  ['ADD of a repository', 'FROM alpine:3\nADD https://github.com/moby/buildkit.git#v0.10.1 /x\n', []],
  ['ADD of a file', 'FROM alpine:3\nADD a.tgz /x/\n', []],
  ['no instruction', '# a\n\n', []],
])('of %s: %j', (_what, text, expected) => {
  expect(found(text)).toEqual(expected);
});

test('what is found can be stored, and names a page that explains it', () => {
  const [first] = lint('FROM a AS B\u202e\u0007\n');

  expect(lintSchema.parse(first)).toEqual({
    rule: 'StageNameCasing',
    level: 'warning',
    line: 1,
    message: 'Stage name B\\u202e\\u0007 should be lowercase',
    url: 'https://docs.docker.com/reference/build-checks/stage-name-casing/',
  });
  expect(describeLint(lintSchema.parse(first)).sentence).toMatch(/^line 1 of the Dockerfile: .*\(StageNameCasing\)$/);
});

const twice = 'FROM alpine:3 AS Build\nENV a b\nFROM alpine:3 AS Other\n';

test.each([
  ['a rule for the whole file', `# check=skip=StageNameCasing\n${twice}`, ['3 LegacyKeyValueFormat']],
  ['several rules', `# check=skip=StageNameCasing,LegacyKeyValueFormat\n${twice}`, []],
  ['all rules, after another directive', `# syntax=docker/dockerfile:1\n# check=error=true;skip=all\n${twice}`, []],
  [
    'a rule where it is no directive any more',
    `# a comment\n# check=skip=StageNameCasing\n\n${twice}`,
    ['4 StageNameCasing', '5 LegacyKeyValueFormat', '6 StageNameCasing'],
  ],
  [
    'a rule for one instruction',
    twice.replace('FROM alpine:3 AS Other', '# check=skip=StageNameCasing\n# the rest\nFROM alpine:3 AS Other'),
    ['1 StageNameCasing', '2 LegacyKeyValueFormat'],
  ],
  [
    'a rule that nobody has',
    `# check=skip=Nothing\n${twice}`,
    ['2 StageNameCasing', '3 LegacyKeyValueFormat', '4 StageNameCasing'],
  ],
])('the author leaves out %s', (_what, text, expected) => {
  expect(withoutSkipped(lint(text), text).map(({ line, rule }) => `${line} ${rule}`)).toEqual(expected);
});

test('a check of hadolint is left out under BuildKit’s name, and under its own', () => {
  const lints = ['JSONArgsRecommended', 'MaintainerDeprecated', 'DL3006'].map((rule) => ({
    rule,
    level: 'warning' as const,
    line: 2,
    message: 'x',
  }));
  const left = (directive: string) =>
    withoutSkipped(lints, `# check=skip=${directive}\nCMD a\n`).map(({ rule }) => rule);

  expect(left('JSONArgsRecommended')).toEqual(['MaintainerDeprecated', 'DL3006']);
  expect(left('MaintainerDeprecated,DL3006')).toEqual(['JSONArgsRecommended']);
});

const prepare = (text: string) => prepareForHadolint(text, writtenInstructions(text));

test('here-documents are written as hadolint reads them, and lines are numbered as the author counts them', () => {
  const { text, originalLine } = prepare('FROM a\nRUN <<EOF\necho\nEOF\nCOPY <<-E /x\n\ta\n\tE\nUSER b\n');

  expect(text).toBe('FROM a\nRUN <<EOF\necho\nEOF\n\n\n\n\nUSER b\n');
  expect([1, 2, 4, 9].map(originalLine)).toEqual([1, 2, 4, 8]);
  expect(prepare('FROM a\nRUN a << 2\n').text).toBe('FROM a\nRUN a << 2\n');
});

test('what hadolint says becomes findings with the page of each rule', () => {
  const said = [
    { code: 'DL3059', column: 1, file: '-', level: 'info', line: 5, message: 'Multiple\nRUN' },
    { code: 'SC2086', column: 1, file: '-', level: 'style', line: 2, message: 'x'.repeat(2000) },
  ];
  const [one, other] = readHadolint(JSON.stringify(said), prepare('FROM a\nRUN <<EOF\nEOF\nRUN b\n'));

  expect(one).toEqual({
    rule: 'DL3059',
    level: 'info',
    line: 4,
    message: 'Multiple\\nRUN',
    url: 'https://github.com/hadolint/hadolint/wiki/DL3059',
  });
  expect(lintSchema.parse(other)).toMatchObject({ level: 'info', url: 'https://www.shellcheck.net/wiki/SC2086' });
});

test.each([
  ['nothing', '', 'is not its usual JSON'],
  ['no JSON', 'Killed\n', 'is not its usual JSON'],
  ['another form', '{"results":[]}', 'is not its usual JSON'],
  ['a rule that is none', '[{"code":"<b>","level":"info","line":1,"message":""}]', 'is not its usual JSON'],
  [
    'that it cannot read the file',
    `[{"code":"DL1000","level":"error","line":3,"message":"unexpected 'x'\\nexpecting y"}]`,
    "hadolint cannot read line 3 of the Dockerfile: unexpected 'x'.",
  ],
])('an answer of %s is no clean Dockerfile', (_what, output, message) => {
  const read = () => readHadolint(output, prepare('FROM a\nFROM b\nFROM c\n'));
  expect(read).toThrow(HadolintAnswerError);
  expect(read).toThrow(message);
});

test.each([
  ['instructions', 'RUN a\n'],
  ['stages', 'FROM $A AS B\n'],
  ['variables', 'ENV A$A=$A\n'],
  ['continued lines', ' a \\\n'],
  ['empty continued lines', '\\\n\n'],
  ['here-documents', 'RUN <<E\nE\n'],
  ['openings of here-documents', '<<A '],
  ['braces', '${'],
  ['flags', '--a=b '],
  ['comments', '# check=skip=a;skip=\n'],
  ['one comment', '#= '],
  ['ports', ':1/A '],
  ['one word', '=a"'],
  ['escapes', '\\'],
])('a Dockerfile of 64 KiB of %s is checked at once', (_what, part) => {
  for (const before of ['FROM a\nRUN ', 'FROM a\n', 'ADD --']) {
    const text = before + part.repeat(Math.floor((64 * 1024) / part.length));
    const began = cpuTime();
    const instructions = writtenInstructions(text);
    prepareForHadolint(text, instructions);
    withoutSkipped(checkDockerfile(text, instructions), text);
    expect(cpuTime() - began, before).toBeLessThan(2_000);
  }
});

test.each([
  ['a maintainer', 'FROM a:1\nMAINTAINER b\n', ['2 MaintainerDeprecated']],
  ['a command for a shell', 'FROM a:1\nCMD run me\nENTRYPOINT ["b"]\n', ['2 JSONArgsRecommended']],
  ['a command for a shell that was asked for', 'FROM a:1\nSHELL ["/bin/bash", "-c"]\nCMD run me\n', []],
  ['a relative folder', 'FROM a:1\nWORKDIR b\n', ['2 WorkdirRelativePath']],
  ['a folder relative to another', 'FROM a:1\nWORKDIR /b\nWORKDIR c\nWORKDIR $D\n', []],
  [
    'secrets',
    'FROM a:1\nARG API_TOKEN\nENV PUBLIC_KEY=a DB_PASSWORD=b MONKEY=c\nENV SECRET value\n',
    ['2 SecretsUsedInArgOrEnv', '3 SecretsUsedInArgOrEnv', '4 SecretsUsedInArgOrEnv', '4 LegacyKeyValueFormat'],
  ],
  ['two commands', 'FROM a:1\nCMD ["a"]\nCMD ["b"]\nFROM a:1\nCMD ["a"]\n', ['2 MultipleInstructionsDisallowed']],
  ['two stages of one name', 'FROM a:1 AS b\nFROM a:1 AS b\n', ['2 DuplicateStageName']],
  ['a stage called scratch', 'FROM a:1 AS scratch\n', ['1 ReservedStageName']],
  ['a platform for all', 'FROM --platform=linux/amd64 a:1\n', ['1 FromPlatformFlagConstDisallowed']],
  ['the platform that is meant anyhow', 'FROM --platform=$TARGETPLATFORM a:1\n', ['1 RedundantTargetPlatform']],
  ['the platform of the builder', 'FROM --platform=$BUILDPLATFORM a:1\n', []],
])('without hadolint, %s is reported by BuildKit’s name for it', (_what, text, expected) => {
  const found = lintAlone(text).map(({ line, rule }) => `${line} ${rule}`);
  expect(found.toSorted()).toEqual(expected.toSorted());
});
