import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { Files } from '../test/e2e/sources.ts';

export interface Graph {
  base: string;
  /** The images that each project of the index depends on; some are not projects of it. */
  parents: ReadonlyMap<string, readonly string[]>;
}

const outside = 'docker.io/library/debian:12';
const entriesOfFile = 500;

/** A base, below it layers of ever fewer projects that depend on one or two of the layer above, and projects that depend on none of them. */
export function generatedGraph(entries: number, below: number): Graph {
  const base = 'base/base:latest';
  const parents = new Map<string, string[]>([[base, [outside]]]);
  const names: string[] = [];
  for (let at = 1; at < entries; at++) {
    const name = `app-${at % 97}/job-${at}:latest`;
    if (at > below) {
      parents.set(name, [outside]);
      continue;
    }
    // Most images of a community are built on its base itself, and few are bases of others.
    const above = at % 3 === 0 ? names[at % Math.max(1, Math.floor(names.length / 4))] : undefined;
    const second = at % 12 === 0 ? names[at % Math.max(1, Math.floor(names.length / 8))] : undefined;
    parents.set(name, [...new Set([above ?? base, ...(second === undefined ? [] : [second])])]);
    names.push(name);
  }
  return { base, parents };
}

/** The graph of the entries in a folder `index.d`. */
export async function readGraph(folder: string): Promise<Graph> {
  const parents = new Map<string, string[]>();
  for (const file of (await readdir(folder)).filter((name) => /\.ya?ml$/.test(name) && !/template/.test(name))) {
    const { Projects = [] } = parse(await readFile(join(folder, file), 'utf8'), { schema: 'failsafe' }) ?? {};
    for (const entry of Projects as Record<string, string | string[]>[]) {
      const depends = [entry['depends-on'] ?? []].flat().filter((each) => each !== 'null' && each !== '');
      parents.set(`${entry['app-id']}/${entry['job-id']}:${entry['desired-tag']}`, depends);
    }
  }
  return { base: 'centos/centos:latest', parents };
}

/** The projects that depend on the base, directly or through others. */
export function reachedFrom({ base, parents }: Graph): Set<string> {
  const reached = new Set([base]);
  let before: number;
  do {
    before = reached.size;
    for (const [name, own] of parents) if (own.some((parent) => reached.has(parent))) reached.add(name);
  } while (reached.size > before);
  reached.delete(base);
  return reached;
}

/** The index of a graph; a project's repository is there if it is among those that are said, and the base's comes later. */
export function indexOf({ base, parents }: Graph, url: string, there: ReadonlySet<string>): Files {
  const files: Files = {};
  const entries = [...parents].map(([name, own], at) => {
    const [, app, job, tag] = /^(.+)\/(.+):(.+)$/.exec(name) ?? [];
    const repository = name === base ? 'base' : there.has(name) ? 'below' : 'nowhere';
    return `  - id: ${at + 1}
    app-id: ${app}
    job-id: ${job}
    git-url: ${url}/git/bench/${repository}.git
    git-branch: main
    git-path: /
    target-file: Dockerfile
    desired-tag: ${tag}
    notify-email: owner-${at % 100}@example.org
    build-context: ./
    depends-on: [${own.join(', ')}]
`;
  });
  for (let at = 0; at < entries.length; at += entriesOfFile)
    files[`index.d/part-${at / entriesOfFile}.yml`] = `Projects:\n${entries.slice(at, at + entriesOfFile).join('\n')}`;
  return files;
}
