import type { IndexFile } from '../core/index/read-index.ts';

/** An index without diagnostics, whose entries depend on earlier ones as a forest: a base image, its children, and theirs. */
export function indexFiles(entries: number, files: number): IndexFile[] {
  const texts = Array.from({ length: files }, () => ['Projects:']);
  for (let at = 0; at < entries; at++) {
    const lines = texts[at % files];
    if (lines) lines.push(entryOf(at, files, Math.floor(at / files) + 1));
  }
  return texts.map((lines, file) => ({ path: `index.d/app${file}.yml`, text: `${lines.join('\n')}\n` }));
}

function entryOf(at: number, files: number, id: number): string {
  const parent = at === 0 ? 'null' : nameOf(Math.floor((at - 1) / 10), files);
  return `  - id: ${id}
    app-id: app${at % files}
    job-id: job-${at}
    git-url: https://git.example/app${at % files}/job-${at}.git
    git-branch: main
    git-path: /images/${at % 7}/
    target-file: Dockerfile
    desired-tag: "1.${at % 10}"
    notify-email: owner${at % 27}@example.org
    build-context: ./
    depends-on: ${parent}
`;
}

function nameOf(at: number, files: number): string {
  return `app${at % files}/job-${at}:1.${at % 10}`;
}
