import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

/** As much of Docker as the script asks for. A container is a file that says how it is; a bad image ends at once. */
const engine = `#!/bin/bash
cd "$CONTAINERS"
is() { grep -qs "^$1$" "$2"; }
case "$1" in
  info | pull | logs) ;;
  ps) name=; filters=()
    for word in "$@"; do case "$word" in name=*) name="\${word#name=^}"; name="\${name%$}" ;; status=* | label=* | health=*) filters+=("$word") ;; esac; done
    [ -f "$name" ] || exit 0
    for filter in "\${filters[@]}"; do is "$filter" "$name" || exit 0; done
    echo "$name" ;;
  inspect) sed -n 's/^label=\\(slipway.called\\)=\\(.*\\)/  "\\1": "\\2",/p' "$2" ;;
  run) image="\${!#}"; printf 'image=%s\\n' "$image" >"$4"; printf 'label=%s\\n' "$6" "$8" >>"$4"
    case "$image" in *unstartable*) exit 125 ;; *bad*) echo status=exited >>"$4" ;; *) echo status=running >>"$4" ;; esac ;;
  stop) sed -i s/status=running/status=exited/ "$2" ;;
  start) sed -i s/status=exited/status=running/ "$2" ;;
  rename) [ ! -f "$3" ] && mv "$2" "$3" ;;
  rm) rm "\${!#}" ;;
  *) echo "unexpected: $*" >&2; exit 1 ;;
esac
`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'replace-'));
  for (const each of ['bin', 'options', 'containers']) mkdirSync(join(folder, each));
  writeFileSync(join(folder, 'bin', 'docker'), engine, { mode: 0o755 });
  writeFileSync(join(folder, 'options', 'web'), '--publish\n80:8080\n');
});
afterEach(() => rmSync(folder, { recursive: true }));

const script = readFileSync(join(import.meta.dirname, '..', '..', 'infra', 'replace-container.sh'), 'utf8');

/** The exit code of the script with its parameters, as Systems Manager puts them in. */
function replaceWith(image: string, calledAt = '2026-01-01T00:00:00.000Z'): Promise<number> {
  const parameters = { Image: image, Container: 'web', CalledAt: calledAt };
  const text = Object.entries(parameters).reduce((all, [name, value]) => all.replace(`{{ ${name} }}`, value), script);
  const env = {
    PATH: `${join(folder, 'bin')}:${process.env.PATH}`,
    CONTAINERS: join(folder, 'containers'),
    SLIPWAY_CONTAINERS: join(folder, 'options'),
    SLIPWAY_PAUSE: '0',
  };
  return new Promise((resolve) => {
    execFile('bash', ['-c', text], { env }, (error) => resolve(error ? Number(error.code) : 0));
  });
}

/** By name: `image status`. */
function containers(): Record<string, string> {
  const files = readdirSync(join(folder, 'containers'));
  return Object.fromEntries(
    files.map((name) => {
      const text = readFileSync(join(folder, 'containers', name), 'utf8');
      return [name, `${/image=(.*)/.exec(text)?.[1]} ${/status=(.*)/.exec(text)?.[1]}`];
    }),
  );
}

/** A container as another run has left it. */
function left(name: string, image: string, status: string): void {
  writeFileSync(join(folder, 'containers', name), `image=${image}\nlabel=slipway.image=${image}\nstatus=${status}\n`);
}

test('a container is replaced, and the one before is gone', async () => {
  expect(await replaceWith('one')).toBe(0);
  expect(await replaceWith('two')).toBe(0);
  expect(containers()).toEqual({ web: 'two running' });
});

test('one that ends at once, or cannot be started, is taken back', async () => {
  await replaceWith('one');
  for (const image of ['bad', 'unstartable']) {
    expect(await replaceWith(image)).toBe(1);
    expect(containers()).toEqual({ web: 'one running' });
  }
});

test('of two releases the one that was called for later stays, whichever command runs last', async () => {
  const [early, late] = ['2026-01-01T00:00:00.000Z', '2026-01-01T00:00:01.000Z'];
  await replaceWith('one', early);
  expect(await replaceWith('two', late)).toBe(0);
  expect(await replaceWith('one', early)).toBe(0);
  expect(containers()).toEqual({ web: 'two running' });
  expect(await Promise.all([replaceWith('three', late), replaceWith('four', late)])).toEqual([0, 0]);
  expect(Object.keys(containers())).toEqual(['web']);
});

test('without a file that says how it is run, nothing is touched', async () => {
  rmSync(join(folder, 'options', 'web'));
  left('web', 'one', 'running');
  expect(await replaceWith('two')).toBe(1);
  expect(containers()).toEqual({ web: 'one running' });
});

test.each([
  ['after it had put the old one aside', [['web-before', 'one', 'exited']]],
  [
    'before it saw that the new one ends',
    [
      ['web-before', 'one', 'exited'],
      ['web', 'bad', 'exited'],
    ],
  ],
] as const)('a run that was ended %s does not cost what there was', async (_, before) => {
  for (const [name, image, status] of before) left(name, image, status);
  expect(await replaceWith('bad')).toBe(1);
  expect(containers()).toEqual({ web: 'one running' });
});

test('a run that was ended when the new one worked already leaves nothing for the next', async () => {
  left('web-before', 'one', 'exited');
  left('web', 'two', 'running');
  expect(await replaceWith('three')).toBe(0);
  expect(containers()).toEqual({ web: 'three running' });
});
