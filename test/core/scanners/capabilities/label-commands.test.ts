// biome-ignore-all lint/suspicious/noTemplateCurlyInString: labels have variables of their own
import { expect, test } from 'vitest';
import { describeCapability } from '../../../../core/scanners/capabilities/capabilities.ts';
import { capabilitiesOf } from '../../../../core/scanners/capabilities/label-commands.ts';
import { cpuTime } from '../../../cpu-time.ts';

/** What a label's command asks for, each as exceptions name it. */
function asksFor(command: string, name = 'RUN'): string[] {
  const found = capabilitiesOf({ [name]: command });
  if (found?.reason) throw new Error(found.reason);
  return (found?.findings ?? []).map((each) => describeCapability(each).id);
}

test.each<[where: string, command: string, asked: string[]]>([
  [
    'CentOS tools',
    'docker run -it --name NAME --privileged --ipc=host --net=host --pid=host -e HOST=/host -e NAME=NAME -e IMAGE=IMAGE -v /sys/fs/selinux:/sys/fs/selinux:ro -v /run:/run -v /var/log:/var/log -v /etc/localtime:/etc/localtime -v /:/host IMAGE',
    [
      'privileged',
      'host-ipc',
      'host-network',
      'host-pid',
      'host-path:/sys/fs/selinux',
      'host-path:/run',
      'host-path:/var/log',
      'host-path:/etc/localtime',
      'host-path:/',
    ],
  ],
  ['CentOS kubernetes/apiserver', '/usr/bin/docker/ run -d --net=host -p 443:443', ['host-network']],
  [
    'CentOS kubernetes/kubelet',
    '/usr/bin/docker run -d --privileged --net=host ${OPT1} -v /sys:/sys:ro -v /var/run/docker.sock:/var/run/docker.sock -v /var/lib/docker:/var/lib/docker -v /etc/machine-id:/etc/machine-id:ro -v /var/lib/kubelet:/var/lib/kubelet -v /:/rootfs --name ${NAME} ${IMAGE} ${OPT3}',
    [
      'privileged',
      'host-network',
      'host-path:/sys',
      'container-socket:/var/run/docker.sock',
      'host-path:/var/lib/docker',
      'host-path:/etc/machine-id',
      'host-path:/var/lib/kubelet',
      'host-path:/',
    ],
  ],
  [
    'CentOS cockpit/ws',
    '/usr/bin/docker run -d --privileged --pid=host -v /:/host IMAGE /container/atomic-run --local-ssh',
    ['privileged', 'host-pid', 'host-path:/'],
  ],
  [
    'CentOS freeipa',
    'docker run -ti -v /sys/fs/cgroup:/sys/fs/cgroup:ro -v /opt/ipa-data:/data:Z -h ipa.example.test ${NAME} exit-on-finished',
    ['host-path:/sys/fs/cgroup', 'host-path:/opt/ipa-data'],
  ],
])('the label of %s', (_where, command, asked) => {
  expect(asksFor(command)).toEqual(asked);
});

test.each<[command: string, asked: string[]]>([
  ['docker run IMAGE', []],
  ['docker run IMAGE --privileged -v /:/host', []],
  ['docker run --name=--privileged IMAGE', []],
  ['docker run --name --privileged IMAGE', []],
  ['docker run -e --privileged IMAGE', []],
  ['docker run -e "X=--privileged --net=host" IMAGE', []],
  ['docker run --rm -- IMAGE --privileged', []],
  ['docker run -d --label privileged IMAGE --net=host', []],
  ['docker run --privileged=false IMAGE', []],
  ['docker run -v data:/data -v /only/inside --mount type=volume,src=data,dst=/data IMAGE', []],
  ['docker run --net=container:db --pid container:db --network my-host IMAGE', []],
  ['docker run --security-opt no-new-privileges --security-opt label=type:svirt_t IMAGE', []],
  ['docker pull demo/app', []],
  ['docker rm --force NAME; docker rmi IMAGE', []],

  ['docker run --privileged IMAGE', ['privileged']],
  ['docker run "--privileged" IMAGE', ['privileged']],
  ['docker run --priv""ileged IMAGE', ['privileged']],
  ['docker run --privileged=true IMAGE', ['privileged']],
  ['docker container run --privileged IMAGE', ['privileged']],
  ['docker --log-level debug -H unix:///x run --privileged IMAGE', ['privileged']],
  ['podman create --privileged IMAGE', ['privileged']],
  ['docker exec --privileged NAME sh', ['privileged']],
  ['sudo -u root docker run --privileged IMAGE', ['privileged']],
  ['DOCKER_HOST=x docker run --privileged IMAGE', ['privileged']],
  ['docker run ${OPT1} --privileged IMAGE', ['privileged']],
  ['docker run ${X:---privileged} IMAGE', ['privileged']],
  ['docker run \\\n  --privileged IMAGE', ['privileged']],
  ['docker run\n  --privileged IMAGE', ['privileged']],
  ['docker run IMAGE\ndocker run --privileged IMAGE', ['privileged']],
  ['docker rm NAME; docker run --privileged IMAGE', ['privileged']],
  ['docker pull IMAGE && (docker run --privileged IMAGE)', ['privileged']],
  ['docker logs $(docker run -d --privileged IMAGE)', ['privileged']],
  ['docker logs `docker run -d --privileged IMAGE`', ['privileged']],
  ['docker run >/dev/null 2>&1 --privileged IMAGE', ['privileged']],
  ["sh -c 'docker run --privileged IMAGE'", ['privileged']],
  ['bash -exc "sh -c \\"docker run --privileged IMAGE\\""', ['privileged']],
  ['eval "docker run" --privileged IMAGE', ['privileged']],
  ['if true; then docker run --privileged IMAGE; fi', ['privileged']],
  // What an option of tomorrow takes cannot be known.
  ['docker run --unknown --privileged IMAGE', ['privileged']],
  ['docker run --unknown value --privileged IMAGE', ['privileged']],
  ['docker run --unknown IMAGE --privileged', []],

  [
    'docker run --cap-add SYS_ADMIN --cap-add=cap_net_admin,NET_RAW IMAGE',
    ['capability:SYS_ADMIN', 'capability:NET_ADMIN', 'capability:NET_RAW'],
  ],
  ['docker run --cap-add=ALL IMAGE', ['capability:ALL']],
  [
    'docker run --net host --pid host --ipc host --userns host --uts host --cgroupns host IMAGE',
    ['host-network', 'host-pid', 'host-ipc', 'host-user', 'host-uts', 'host-cgroup'],
  ],
  ['docker run --network=name=host,alias=a IMAGE', ['host-network:name=host,alias=a']],
  ['podman run --pid=ns:/proc/1/ns/pid IMAGE', ['host-pid:ns:/proc/1/ns/pid']],
  [
    'docker run --security-opt label=disable --security-opt=label:disable IMAGE',
    ['security-disabled:label=disable', 'security-disabled:label:disable'],
  ],
  [
    'docker run --security-opt seccomp=unconfined --security-opt apparmor:unconfined --security-opt systempaths=unconfined IMAGE',
    [
      'security-disabled:seccomp=unconfined',
      'security-disabled:apparmor:unconfined',
      'security-disabled:systempaths=unconfined',
    ],
  ],
  [
    'podman run --security-opt unmask=ALL --security-opt label=type:spc_t IMAGE',
    ['security-disabled:unmask=ALL', 'security-disabled:label=type:spc_t'],
  ],

  ['docker run -itv /x:/y IMAGE', ['host-path:/x']],
  ['docker run -v/x:/y IMAGE', ['host-path:/x']],
  ['docker run -v=/x:/y IMAGE', ['host-path:/x']],
  ['docker run --volume=/x/../z//:/y:ro IMAGE', ['host-path:/z']],
  ['docker run -v ./x:/y -v ~/x:/y IMAGE', ['host-path:./x', 'host-path:~/x']],
  ['docker run -v "/with space:/y" IMAGE', ['host-path:/with space']],
  ['docker run -v $(pwd):/y -v ${DATADIR}:/z IMAGE', ['host-path:$(pwd)', 'host-path:${DATADIR}']],
  ['docker run --mount type=bind,source=/x,target=/y IMAGE', ['host-path:/x']],
  ['docker run --mount "\\"type=bind\\",\\"src=/a,b\\",dst=/y" IMAGE', ['host-path:/a,b']],
  [
    'docker run --mount type=volume,dst=/y,volume-opt=type=none,volume-opt=o=bind,volume-opt=device=/etc IMAGE',
    ['host-path:/etc'],
  ],
  ['podman run --rootfs /', ['host-path:/']],
  [
    'docker run -v /run/podman/podman.sock:/s -v /run/user/1000/docker.sock:/s IMAGE',
    ['container-socket:/run/podman/podman.sock', 'container-socket:/run/user/1000/docker.sock'],
  ],
  [
    'docker run -v /run/containerd:/c --mount type=bind,src=/var/run/crio/crio.sock,dst=/s IMAGE',
    ['container-socket:/run/containerd', 'container-socket:/var/run/crio/crio.sock'],
  ],
  ['docker run --use-api-socket IMAGE', ['container-socket']],
  ['docker run --device /dev/fuse:/dev/fuse:rwm --device=/dev/kvm IMAGE', ['device:/dev/fuse', 'device:/dev/kvm']],
  ['docker run --gpus all --device-cgroup-rule "c 10:* rwm" IMAGE', ['device:gpus all', 'device:c 10:* rwm']],

  ['rm -rf /var/lib/app', ['host-command:rm']],
  ['docker pull IMAGE && /usr/bin/systemctl restart app', ['host-command:/usr/bin/systemctl']],
  ['docker compose -f /x up', ['host-command:docker compose']],
  ['podman play kube /x.yml', ['host-command:podman play']],
])('%s', (command, asked) => {
  expect(asksFor(command)).toEqual(asked);
});

test.each<[command: string, reason: string]>([
  ['docker run --name "open --privileged IMAGE', 'a quote (") is not closed'],
  ['docker run --net=$(cat /x) IMAGE', 'the value of --net is computed by a command'],
  ['docker run --$X IMAGE', 'an option has more in its name than letters'],
  ['docker run --{privileged,rm} IMAGE', 'an option has more in its name than letters'],
  ['X=--privileged; docker run $X IMAGE', 'it sets the variable X itself'],
  ['set -- --privileged; docker run "$@" IMAGE', 'it sets the variable [@*1-9] itself'],
  ['for x in --privileged; do docker run ${x} IMAGE; done', 'it sets the variable x itself'],
])('%s cannot be read, and is no pass', (command, reason) => {
  expect(capabilitiesOf({ run: command })?.reason).toBe(`the label run cannot be read as a command: ${reason}`);
});

test('a label that is too long is no pass', () => {
  const reason = capabilitiesOf({ run: `docker run ${'-e A=B '.repeat(4000)}IMAGE` })?.reason;
  expect(reason).toContain('it is longer than 16384 characters');
});

test('labels that are made to take long are read at once', () => {
  const made = [
    `-v ${'${a}'.repeat(4000)}`,
    `-v ${'${'.repeat(8000)}`,
    `-v ${'$('.repeat(8000)}`,
    `--mount ${'"a"'.repeat(5000)}`,
    `-v ${'/../'.repeat(4000)}:x`,
  ];
  const started = cpuTime();
  for (const options of made) capabilitiesOf({ RUN: `docker run ${options} IMAGE` });
  expect(cpuTime() - started).toBeLessThan(1000);
});

test('each label is read, in every form of its name, and one that cannot be read hides no other', () => {
  const { findings, reason } = capabilitiesOf({
    run: 'docker run --privileged IMAGE',
    Install: 'docker run -v /:/host IMAGE',
    UNINSTALL: "don't",
    'io.example.run': 'docker run --net=host IMAGE',
    STOP: 'docker run --net=host IMAGE',
  }) ?? { findings: [] };

  expect(findings).toEqual([
    { label: 'RUN', kind: 'privileged' },
    { label: 'INSTALL', kind: 'host-path', value: '/' },
  ]);
  expect(reason).toContain('UNINSTALL');
});

test('an image without such a label, or with an empty one, has nothing to read', () => {
  expect(capabilitiesOf({ name: 'docker run --privileged' })).toBeUndefined();
  expect(capabilitiesOf({ RUN: ' ' })).toBeUndefined();
});

test('what nobody can see in a label is shown as what it is', () => {
  expect(asksFor('docker run -v "/x\u001b[31m\u202e\n<b>":/y IMAGE')).toEqual(['host-path:/x\\u001b[31m\\u202e\\n<b>']);
});

test('findings are whole sentences', () => {
  const [finding] = capabilitiesOf({ run: 'docker run -v /etc:/etc IMAGE' })?.findings ?? [];
  expect(finding && describeCapability(finding)).toEqual({
    id: 'host-path:/etc',
    sentence: "the label RUN mounts the host's path /etc",
    remedy: 'remove it from the label RUN',
  });
});
