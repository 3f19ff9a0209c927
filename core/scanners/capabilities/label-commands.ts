import { shownText } from '../../text/safe-line.ts';
import { type CapabilityGrant, capabilityLabels } from './capabilities.ts';
import { type Grant, grantsOf, hostPath } from './run-grants.ts';
import { readRunOptions } from './run-options.ts';
import { CommandUnreadableError, plainWords, shellCommands } from './shell-words.ts';

/** More than any real label has. Without it, a label could be as long as the image's whole configuration may be. */
const longestCommand = 16 * 1024;
const deepestScript = 5;
const longestValue = 500;

/** The program's name in a command, even with the slash that CentOS's kubernetes/apiserver has: `/usr/bin/docker/`. */
const engine = /^(?:[^\s:=]*\/)?(?:docker|docker-current|docker-latest|docker\.io|podman|podman-remote|nerdctl)\/*$/;
const shell = /^(?:[^\s:=]*\/)?(?:sh|bash|dash|ash|ksh|zsh)$/;
/** Words of the shell itself, and programs that only start another program. */
const notPrograms = new Set(
  '! { } [ [[ case basename cd command date dirname do done echo elif else env esac exec exit export false fi for function hostname id if in local nohup printf pwd read return set shift sleep sudo test then time trap true umask uname unset until wait while'.split(
    ' ',
  ),
);
/** Commands of an engine that give no container anything. */
const harmless = new Set(
  'attach build diff events export history image images import info inspect kill load login logout logs network pause port ps pull push rename restart rm rmi save search start stats stop tag top unpause update version volume wait'.split(
    ' ',
  ),
);
const starting = new Set(['run', 'create', 'exec']);

/** The privileges that the commands in an image's labels would give its containers; undefined where it has no such label. */
export function capabilitiesOf(
  labels: Readonly<Record<string, string>>,
): { findings: CapabilityGrant[]; reason?: string | undefined } | undefined {
  // `atomic` took `RUN`, `run` and `Run`, and Podman takes any name that it is given.
  // https://github.com/projectatomic/atomic/blob/v1.22.1/Atomic/objects/image.py
  const commands = Object.entries(labels).flatMap(([name, text]) => {
    const label = capabilityLabels.find((each) => each === name.toUpperCase());
    return label === undefined || text.trim() === '' ? [] : [{ label, name, text }];
  });
  if (commands.length === 0) return undefined;
  const findings = new Map<string, CapabilityGrant>();
  const reasons: string[] = [];
  for (const { label, name, text } of commands) {
    try {
      for (const { kind, value } of grantsOfCommand(text)) {
        const shown = value === undefined ? undefined : shownText(value, longestValue);
        findings.set(`${label} ${kind} ${shown}`, { label, kind, value: shown });
      }
    } catch (error) {
      if (!(error instanceof CommandUnreadableError)) throw error;
      reasons.push(`the label ${name} cannot be read as a command: ${error.message}`);
    }
  }
  return { findings: [...findings.values()], reason: reasons.join('; ') || undefined };
}

/**
 * Some tools run a label in a shell, others split it into words and start the program: an option counts if it does in either.
 * @throws CommandUnreadableError
 */
function grantsOfCommand(text: string): Grant[] {
  if (text.length > longestCommand) throw new CommandUnreadableError(`it is longer than ${longestCommand} characters`);
  const plain = [plainWords(text)].filter(hasEngine).flatMap((words) => grantsOfWords(words, 0));
  const commands = shellCommands(text);
  for (const name of commands.flatMap(variablesSet)) {
    if (new RegExp(`\\$\\{?${name}(?!\\w)`).test(text))
      throw new CommandUnreadableError(`it sets the variable ${name} itself`);
  }
  return [...plain, ...commands.flatMap((words) => grantsOfWords(words, 0))];
}

/** The variables that a command sets for the commands after it; `[@*1-9]` are a script's arguments. */
function variablesSet(words: readonly string[]): string[] {
  const [first = ''] = words;
  if (first === 'set') return ['[@*1-9]'];
  if (first === 'for' || first === 'read') return words.slice(1).filter((word) => /^\w+$/.test(word));
  const end = words.findIndex((word) => !/^\w+=/.test(word) && !notPrograms.has(word));
  return words.slice(0, end < 0 ? words.length : end).flatMap((word) => /^(\w+)=/.exec(word)?.[1] ?? []);
}

function grantsOfWords(written: readonly string[], depth: number): Grant[] {
  const words = written.map(withDefaults).filter((word) => !isNothing(word));
  const script = scriptIn(words);
  if (script !== undefined) {
    if (depth === deepestScript) throw new CommandUnreadableError('it has scripts within scripts');
    return shellCommands(script, depth).flatMap((each) => grantsOfWords(each, depth + 1));
  }
  const at = words.findIndex((word) => engine.test(word));
  if (at >= 0) return grantsOfEngine(words.slice(at));
  if (words[0]?.startsWith('-')) return [];
  const program = words.find((word) => !/^(?:\w+=|-)/.test(word) && !notPrograms.has(word));
  return program === undefined ? [] : [{ kind: 'host-command', value: program }];
}

/** `docker run …`, `docker --log-level debug container run …`. */
function grantsOfEngine(words: readonly string[]): Grant[] {
  const at = words.findIndex((word) => starting.has(word) || harmless.has(word));
  const subcommand = words[at];
  const isKnown = words.slice(1, at).every((word, index, before) => {
    return word.startsWith('-') || word === 'container' || engine.test(word) || before[index - 1]?.startsWith('-');
  });
  // What compose files, Kubernetes pods and the like ask for is not in the command.
  if (subcommand === undefined || !isKnown) {
    return [{ kind: 'host-command', value: words.slice(0, 2).join(' ') }];
  }
  if (!starting.has(subcommand)) return [];
  const { options, image } = readRunOptions(words.slice(at + 1), isImagePlaceholder);
  const isFolder = options.some(({ name, value }) => name === 'rootfs' && value !== 'false');
  return [...options.flatMap(grantsOf), ...(isFolder ? hostPath(image) : [])];
}

/** The script that `sh -c` or `eval` runs. */
function scriptIn(words: readonly string[]): string | undefined {
  if (words[0] === 'eval') return words.slice(1).join(' ');
  const at = words.findIndex((word) => shell.test(word));
  const option = at < 0 ? undefined : words[at + 1];
  // A shell after an engine's name runs in the container.
  if (
    option === undefined ||
    !/^-[a-z]*c[a-z]*$/.test(option) ||
    words.slice(0, at).some((word) => engine.test(word))
  ) {
    return undefined;
  }
  return words[at + 2];
}

function hasEngine(words: readonly string[]): boolean {
  return words.some((word) => engine.test(word));
}

/** The words that `atomic` and `podman container runlabel` replace with the image's or the container's name. */
function isImagePlaceholder(word: string): boolean {
  return /^(?:IMAGE|NAME|\$\{?(?:IMAGE|NAME)\}?)$/.test(word);
}

/** `${X:-y}` is `y` where `X` is not set. */
function withDefaults(word: string): string {
  return word.replaceAll(/\$\{\w+:?[-=+]([^}]*)\}/g, '$1');
}

/** Variables that are not set, such as `${OPT1}`, expand to nothing. */
function isNothing(word: string): boolean {
  return /^(?:\$(?:\w+|[@*#?!-]|\{[\w@*#?!-]+\}))+$/.test(word) && !isImagePlaceholder(word);
}
