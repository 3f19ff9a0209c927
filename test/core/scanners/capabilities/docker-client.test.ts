import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { describeCapability } from '../../../../core/scanners/capabilities/capabilities.ts';
import { capabilitiesOf } from '../../../../core/scanners/capabilities/label-commands.ts';
import { shellCommands } from '../../../../core/scanners/capabilities/shell-words.ts';

/** What Docker's client asks of the daemon: https://docs.docker.com/reference/api/engine/ */
const requestSchema = z.object({
  Image: z.string(),
  HostConfig: z.object({
    Privileged: z.boolean(),
    CapAdd: z.array(z.string()).nullish(),
    NetworkMode: z.string(),
    PidMode: z.string(),
    IpcMode: z.string(),
    UTSMode: z.string(),
    UsernsMode: z.string(),
    CgroupnsMode: z.string(),
    SecurityOpt: z.array(z.string()).nullish(),
    Binds: z.array(z.string()).nullish(),
    Mounts: z.array(z.object({ Type: z.string(), Source: z.string().optional() })).nullish(),
    Devices: z.array(z.object({ PathOnHost: z.string() })).nullish(),
  }),
});

/** The kinds of grants that a request has, as the daemon would give them. */
function grantsIn({ HostConfig: host }: z.infer<typeof requestSchema>): string[] {
  const isHost = (mode: string) => mode === 'host';
  return [
    ...(host.Privileged ? ['privileged'] : []),
    ...(host.CapAdd ?? []).map((each) => `capability:${each.replace(/^CAP_/, '')}`),
    ...(isHost(host.NetworkMode) ? ['host-network'] : []),
    ...(isHost(host.PidMode) ? ['host-pid'] : []),
    ...(isHost(host.IpcMode) ? ['host-ipc'] : []),
    ...(isHost(host.UTSMode) ? ['host-uts'] : []),
    ...(isHost(host.UsernsMode) ? ['host-user'] : []),
    ...(isHost(host.CgroupnsMode) ? ['host-cgroup'] : []),
    ...(host.SecurityOpt ?? [])
      .filter((each) => /disable|unconfined/.test(each))
      .map((each) => `security-disabled:${each}`),
    ...(host.Binds ?? []).filter((each) => each.startsWith('/')).map((each) => `host-path:${each.split(':')[0]}`),
    ...(host.Mounts ?? []).filter(({ Type }) => Type === 'bind').map(({ Source }) => `host-path:${Source}`),
    ...(host.Devices ?? []).map(({ PathOnHost }) => `device:${PathOnHost}`),
  ].sort();
}

const commands = [
  'docker run app',
  'docker run app --privileged --net=host',
  'docker run --privileged app',
  'docker run --privileged=false app',
  'docker run --privileged=0 app',
  'docker run --privileged=T app',
  'docker run --name --privileged app',
  'docker run -e --privileged -l --net=host app',
  'docker run --entrypoint --privileged -- app --privileged',
  'docker create -it -v /x:/y app',
  'docker create -itv /x:/y app',
  'docker create -itv/x:/y app',
  'docker create -itv=/x:/y app',
  'docker run -dv /x:/y:ro -v vol:/z -v /only app',
  'docker run -it=false -Pd -p 80:80 app',
  'docker run -u 0 -w / -m 1g -c 5 -h host -a stdin --privileged app',
  'docker run --net host --pid=host --ipc host --uts host --userns host --cgroupns host app',
  'docker run --network name=host app',
  'docker run --network bridge --pid container:x app',
  'docker run --cap-add SYS_ADMIN --cap-add=NET_RAW --cap-drop ALL app',
  'docker run --security-opt label=disable --security-opt seccomp=unconfined --security-opt no-new-privileges app',
  'docker run --mount type=bind,source=/x,target=/y --mount type=tmpfs,dst=/t app',
  'docker run --mount src=vol,dst=/y --mount "type=bind","src=/a",dst=/b app',
  'docker run --device /dev/null --device=/dev/zero:/dev/x:r app',
  'docker run --log-opt a=b --ulimit nofile=5 --dns 1.1.1.1 --add-host a:1.1.1.1 --restart always --privileged app',
  'docker run --health-cmd "x --y" --label "a=--privileged" --memory-swap -1 --pids-limit -1 --privileged app',
  'docker container run --rm --init --read-only --tmpfs /tmp --privileged app sh -c "docker run --net=host x"',
  'docker create --sysctl net.a=b --shm-size 1g --stop-timeout 5 --runtime x --privileged app',
  'docker --log-level error run --privileged app',
];

const hasClient = spawnSync('docker', ['--version']).status === 0;

describe.skipIf(!hasClient)("Docker's own client", () => {
  let daemon: Server;
  let folder: string;
  let request: z.infer<typeof requestSchema> | undefined;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'docker-client-'));
    daemon = createServer(async (incoming, response) => {
      let text = '';
      for await (const chunk of incoming) text += chunk;
      if (incoming.url?.includes('/containers/create')) request = requestSchema.parse(JSON.parse(text));
      response.writeHead(incoming.url?.includes('/_ping') ? 200 : 400, { 'api-version': '1.43', ostype: 'linux' });
      response.end('{"message":"this daemon starts nothing"}');
    });
    await new Promise<void>((resolve) => daemon.listen(join(folder, 'docker.sock'), resolve));
  });
  afterAll(() => {
    daemon.close();
    rmSync(folder, { recursive: true });
  });

  test.each(commands)('asks for what is found in: %s', async (command) => {
    request = undefined;
    const [[program = '', ...args] = []] = shellCommands(command);
    const env = { PATH: process.env.PATH, HOME: folder, DOCKER_HOST: `unix://${folder}/docker.sock` };
    await promisify(execFile)(program, args, { env }).catch((error: { stderr?: string }) => {
      if (!error.stderr?.includes('this daemon starts nothing')) throw error;
    });
    const found = capabilitiesOf({ RUN: command });
    const ids = (found?.findings ?? []).map((each) =>
      describeCapability(each).id.replace(/^host-network:.*/, 'host-network'),
    );
    expect(found?.reason).toBeUndefined();
    expect(ids.sort()).toEqual(request && grantsIn(request));
  });
});
