/**
 * The options of `docker run`, `podman run`, `create` and `exec` that have no value, and those that have one.
 * https://github.com/docker/cli/blob/v29.0.0/cli/command/container/opts.go
 * https://github.com/containers/podman/blob/v5.6.0/docs/source/markdown/podman-run.1.md.in
 */
const alone = words(`
  detach disable-content-trust env-host help http-proxy init interactive latest no-healthcheck no-hostname no-hosts
  oom-kill-disable passwd privileged publish-all quiet read-only read-only-tmpfs replace rm rmi rootfs sig-proxy
  tls-verify tty unsetenv-all use-api-socket`);
const valued = words(`
  add-host annotation arch attach authfile blkio-weight blkio-weight-device cap-add cap-drop cert-dir cgroup-conf
  cgroup-parent cgroupns cgroups chrootdirs cidfile conmon-pidfile cpu-count cpu-percent cpu-period cpu-quota
  cpu-rt-period cpu-rt-runtime cpu-shares cpus cpuset cpuset-cpus cpuset-mems creds decryption-key detach-keys device
  device-cgroup-rule device-read-bps device-read-iops device-write-bps device-write-iops dns dns-opt dns-option
  dns-search domainname entrypoint env env-file env-merge expose gidmap gpus group-add group-entry health-cmd
  health-interval health-log-destination health-max-log-count health-max-log-size health-on-failure health-retries
  health-start-interval health-start-period health-startup-cmd health-startup-interval health-startup-retries
  health-startup-success health-startup-timeout health-timeout hostname hosts-file hostuser image-volume init-ctr
  init-path io-maxbandwidth io-maxiops ip ip6 ipc isolation kernel-memory label label-file link link-local-ip
  log-driver log-opt lxc-conf mac-address memory memory-reservation memory-swap memory-swappiness mount name net
  net-alias network network-alias oom-score-adj os passwd-entry personality pid pidfile pids-limit platform pod
  pod-id-file preserve-fd preserve-fds publish pull rdt-class requires restart retry retry-delay runtime sdnotify
  seccomp-policy secret security-opt shm-size shm-size-systemd stop-signal stop-timeout storage-opt subgidname
  subuidname sysctl systemd timeout tmpfs tz uidmap ulimit umask unsetenv user userns uts variant volume
  volume-driver volumes-from workdir`);

const shortAlone: Readonly<Record<string, string>> = {
  d: 'detach',
  i: 'interactive',
  P: 'publish-all',
  q: 'quiet',
  t: 'tty',
};
const shortValued: Readonly<Record<string, string>> = {
  a: 'attach',
  c: 'cpu-shares',
  e: 'env',
  h: 'hostname',
  l: 'label',
  m: 'memory',
  p: 'publish',
  u: 'user',
  v: 'volume',
  w: 'workdir',
};

export interface RunOption {
  name: string;
  /** Absent where the option has none. */
  value?: string;
}

/**
 * The options of a command line, and the first word after them: the image. The words after the image are for the container. An unknown
 * option gets the next word as its value, unless that looks like an option or names the image.
 */
export function readRunOptions(
  words: readonly string[],
  isImage: (word: string) => boolean,
): { options: RunOption[]; image?: string } {
  const options: RunOption[] = [];
  const ahead = [...words].reverse();
  const value = (): { value?: string } => {
    const next = ahead.pop();
    return next === undefined ? {} : { value: next };
  };
  const guessedValue = () => {
    const next = ahead.at(-1);
    return next === undefined || next.startsWith('-') || isImage(next) ? {} : value();
  };
  for (let word = ahead.pop(); word !== undefined; word = ahead.pop()) {
    if (word === '--') word = ahead.pop() ?? '';
    else if (word.startsWith('--')) {
      const [, name = '', written] = /^--([^=]*)(?:=(.*))?$/s.exec(word) ?? [];
      if (written !== undefined) options.push({ name, value: written });
      else if (alone.has(name)) options.push({ name });
      else options.push({ name, ...(valued.has(name) ? value() : guessedValue()) });
      continue;
    } else if (word.startsWith('-') && word !== '-') {
      options.push(...readShortOptions(word.slice(1), value));
      continue;
    }
    return { options, image: word };
  }
  return { options };
}

/** `-itv /x:/y`, `-v=/x:/y`, `-it=false`. https://pkg.go.dev/github.com/spf13/pflag#readme-command-line-flag-syntax */
function readShortOptions(letters: string, value: () => { value?: string }): RunOption[] {
  const options: RunOption[] = [];
  for (let at = 0; at < letters.length; at += 1) {
    const letter = letters.charAt(at);
    const rest = letters.slice(at + 1);
    const name = shortValued[letter];
    if (name !== undefined)
      return [...options, { name, ...(rest === '' ? value() : { value: rest.replace(/^=/, '') }) }];
    if (rest.startsWith('=')) return [...options, { name: shortAlone[letter] ?? letter, value: rest.slice(1) }];
    options.push({ name: shortAlone[letter] ?? letter });
  }
  return options;
}

function words(text: string): ReadonlySet<string> {
  return new Set(text.trim().split(/\s+/));
}
