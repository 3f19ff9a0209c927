import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Container, type EngineCall, rootCapabilities } from '../../../builder/engines/engine.ts';
import { OutputLimitError } from '../../../builder/process.ts';
import { eventually } from '../../eventually.ts';
import { runningCommands } from '../../running-commands.ts';
import { busybox } from '../builder-setup.ts';
import { Images } from '../images.ts';

let images: Images;
let image: string;

beforeAll(async () => {
  images = await Images.open();
  image = await images.make({
    ...busybox.files,
    Dockerfile: `${busybox.dockerfile}RUN mkdir -p /etc /home/app /secret /tmp && chmod 700 /secret && chown 7:7 /secret && chmod 1777 /tmp
COPY passwd /etc/passwd
ENV COLOUR=blue HOME=/home/app
WORKDIR /home/app
USER app
ENTRYPOINT ["/bin/false"]
CMD ["never"]
`,
    passwd: 'root:x:0:0::/root:/bin/sh\napp:x:1001:1002::/home/app:/bin/sh\n',
  });
});
afterAll(() => images[Symbol.asyncDispose]());

const inside = (script: string, fields: Partial<Container> = {}, call: EngineCall = images.call()) =>
  images.engine.run({ image, command: ['/bin/sh', '-c', script], environment: {}, hasNetwork: false, ...fields }, call);
const bits = (status: string) => /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1];

test('the image’s own user has the image’s own environment and folder, and nothing else', async () => {
  const { code, stdout } = await inside('id -u; id -g; echo $COLOUR $HOME; pwd; cat /proc/self/status', {
    user: 'image',
  });

  expect(code).toBe(0);
  expect(stdout).toMatch(/^1001\n1002\nblue \/home\/app\n\/home\/app\n/);
  expect(bits(stdout)).toBe('0000000000000000');
});

test('root has the capabilities that were asked for and no other', async () => {
  const none = await inside('id -u; ls /secret; cat /proc/self/status', { user: 'root' });
  expect(none.stdout).toMatch(/^0\n/);
  expect(none.stderr).toContain('Permission denied');
  expect(bits(none.stdout)).toBe('0000000000000000');

  const some = await inside('ls /secret && cat /proc/self/status', {
    user: 'root',
    capabilities: ['DAC_READ_SEARCH', 'SETUID'],
  });
  expect(some.code, some.stderr).toBe(0);
  expect(bits(some.stdout)).toBe('0000000000000084');

  const usual = await inside('touch /x && chown 5:6 /x && mknod /disk b 8 0; cat /proc/self/status', {
    user: 'root',
    capabilities: rootCapabilities,
  });
  expect(bits(usual.stdout)).toBe('00000000800001fb');
  expect(usual.stderr).toContain('mknod');
});

test('root does not get out of a container by changing its root', async () => {
  const { code, stderr } = await inside('chroot /home /bin/sh', { user: 'root', capabilities: rootCapabilities });
  expect(stderr).toContain("can't change root directory to '/home': Operation not permitted");
  expect(code).not.toBe(0);
});

test('what a command writes is in no other container of the image', async () => {
  const script = 'ls /left 2>/dev/null; touch /left; ls /left';
  const fields = { user: 'root', capabilities: rootCapabilities } as const;

  expect((await inside(script, fields)).stdout).toBe('/left\n');
  expect((await inside(script, fields)).stdout).toBe('/left\n');
});

test('a folder may be for reading only', async () => {
  const call = images.call();
  const source = join(call.workspace, 'folder');
  mkdirSync(source);
  writeFileSync(join(source, 'file'), 'text\n');
  const script = 'cat /given/file; echo written > /given/new';

  const reading = await inside(script, { folder: { source, target: '/given', isReadOnly: true } }, call);
  expect(reading).toMatchObject({ stdout: 'text\n', stderr: expect.stringContaining('Read-only file system') });
  expect(existsSync(join(source, 'new'))).toBe(false);

  await inside(script, { folder: { source, target: '/given' } }, call);
  expect(readFileSync(join(source, 'new'), 'utf8')).toBe('written\n');
});

test('what prints more than it may is stopped, and what it printed is taken for no whole', async () => {
  const endless = inside('yes 8642 & yes 8642', { outputLimit: 100_000 });
  await expect(endless).rejects.toThrow(OutputLimitError);
  await expect(endless).rejects.toThrow('It printed more than 100000 bytes.');
  await expect.poll(runningCommands).not.toMatch(/^yes 8642$/m);
});

test('a log takes no more than it may either', async () => {
  let taken = '';
  const log = {
    line: () => undefined,
    stream: () => ({
      write: (chunk: Buffer) => {
        taken += chunk.toString();
      },
      end: () => undefined,
    }),
  };

  await expect(inside('yes', { outputLimit: 100_000 }, { ...images.call(), log })).rejects.toThrow(OutputLimitError);
  expect(taken.length).toBeLessThanOrEqual(100_000);
});

test('what hangs is stopped with the signal, and its container is taken away', async () => {
  const stop = new AbortController();
  const running = expect(inside('sleep 8643 & sleep 8643', {}, images.call(stop.signal))).rejects.toThrow('stopped');
  await eventually(async () => expect(await runningCommands()).toMatch(/^sleep 8643/m));
  stop.abort(new Error('It was stopped.'));
  await running;
  await expect.poll(runningCommands).not.toMatch(/^sleep 8643$/m);
});

test('a command ends as it ends, and one that cannot be started ends as no success', async () => {
  const command = ['/bin/nothing'] as const;
  const missing = await images.engine.run({ image, command, environment: {}, hasNetwork: false }, images.call());

  expect(missing).toMatchObject({ stdout: '', stderr: expect.stringContaining('/bin/nothing') });
  expect(missing.code).not.toBe(0);
  expect((await inside('exit 3')).code).toBe(3);
});

test('a command without a network sees none', async () => {
  const { stdout } = await inside('tail -n +3 /proc/net/dev | cut -d: -f1');
  expect(stdout.trim()).toBe('lo');
});
