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
 * Ends every process of a build: TERM, then KILL after the grace. A process belongs to it if it is in the leader's group, has the
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
  // A killed process may have started another in between; a build that cannot be killed must not block the machine for ever.
  for (let attempt = 0; attempt < 50; attempt++) {
    const left = collect();
    if (left.length === 0 && attempt > 0) return;
    signal(left, 'SIGKILL');
    await sleep(20);
  }
}

function kill(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended by itself in the meantime.
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
  // Parents come before their children here only by chance: repeat until nothing is added.
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
  // The name is in parentheses and may contain any character.
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
