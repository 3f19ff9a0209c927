import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** A process by its number and its start, so that a number that is in use again is not mistaken for it. */
export interface ProcessIdentity {
  pid: number;
  startedAt: string;
}

interface ProcessEntry extends ProcessIdentity {
  parent: number;
  group: number;
}

/** Undefined when there is no such process any more (or no way to tell, outside Linux). */
export function identityOf(pid: number): ProcessIdentity | undefined {
  const entry = read(pid);
  return entry && { pid, startedAt: entry.startedAt };
}

/**
 * Ends every process of a build: TERM, then KILL after the grace. A process belongs to it if it stands in the leader's group, has the
 * build's marker in its environment (children may leave the group, as container engines do), or descends from one that does.
 */
export async function endProcesses(
  marker: string,
  leader: ProcessIdentity | undefined,
  graceMilliseconds: number,
): Promise<void> {
  const known = new Map<number, ProcessEntry>();
  const collect = (): ProcessEntry[] => {
    for (const entry of membersOf(marker, leader)) known.set(entry.pid, entry);
    return [...known.values()].filter((entry) => read(entry.pid)?.startedAt === entry.startedAt);
  };
  const signal = (entries: ProcessEntry[], name: NodeJS.Signals) => {
    for (const { pid } of entries) kill(pid, name);
    if (leader && !existsSync('/proc')) kill(-leader.pid, name);
  };

  const found = collect();
  if (found.length === 0 && existsSync('/proc')) return;
  signal(found, 'SIGTERM');
  const end = Date.now() + graceMilliseconds;
  while (collect().length > 0 && Date.now() < end) await sleep(50);
  // What is killed may have started something in between; a build that will not die must not hold the machine for ever.
  for (let round = 0; round < 50; round++) {
    const left = collect();
    if (left.length === 0 && round > 0) return;
    signal(left, 'SIGKILL');
    await sleep(20);
  }
}

function kill(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It ended by itself meanwhile.
  }
}

function membersOf(marker: string, leader: ProcessIdentity | undefined): ProcessEntry[] {
  const all = list();
  const leads = leader !== undefined && (read(leader.pid)?.startedAt ?? leader.startedAt) === leader.startedAt;
  const members = new Map<number, ProcessEntry>();
  for (const entry of all) {
    if (entry.pid === process.pid) continue;
    if ((leads && entry.group === leader.pid) || hasMarker(entry.pid, marker)) members.set(entry.pid, entry);
  }
  // Parents stand before their children here only by chance: go round until nothing is added.
  for (let size = -1; size !== members.size; ) {
    size = members.size;
    for (const entry of all) if (members.has(entry.parent)) members.set(entry.pid, entry);
  }
  return [...members.values()];
}

function list(): ProcessEntry[] {
  if (!existsSync('/proc')) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => read(Number(name)) ?? []);
}

/** https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html; a zombie counts as gone. */
function read(pid: number): ProcessEntry | undefined {
  const stat = textOf(`/proc/${pid}/stat`);
  // The name stands in parentheses and may hold any character.
  const [state, parent, group, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (state === undefined || state === '' || state === 'Z' || state === 'X') return undefined;
  return { pid, parent: Number(parent), group: Number(group), startedAt: rest[16] ?? '' };
}

function hasMarker(pid: number, marker: string): boolean {
  return textOf(`/proc/${pid}/environ`).split('\0').includes(marker);
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
