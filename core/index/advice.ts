import { looksSecret } from '../text/secret-name.ts';
import { quoted } from '../text/visible.ts';
import type { FileDiagnostic } from './diagnostic.ts';
import { type Mapping, textOf } from './yaml.ts';

/** Warnings about values that can be read, but may be meant differently. */
export function warningsOn(entry: Mapping, file: string): FileDiagnostic[] {
  const diagnostics: FileDiagnostic[] = [];
  const advise = (offset: number, code: FileDiagnostic['code'], message: string) =>
    diagnostics.push({ severity: 'warning', code, offset, message });

  const appId = textOf(entry, 'app-id');
  const [stem = ''] = file.slice(file.lastIndexOf('/') + 1).split('.');
  if (appId && appId.text.toLowerCase() !== stem.toLowerCase()) {
    const message = `The app-id ${quoted(appId.text)} is not the name of the file. Its entries belong in ${quoted(`${appId.text}.yml`)}.`;
    advise(appId.offset, 'file-name', message);
  }
  for (const key of ['app-id', 'job-id'] as const) {
    const id = textOf(entry, key);
    if (!id) continue;
    if (/[A-Z]/.test(id.text)) {
      advise(
        id.offset,
        'spelling',
        `"${key}": names of images are in lower case: ${quoted(id.text.toLowerCase())} is taken.`,
      );
    }
    if (/[_.]/.test(id.text)) {
      const message = `"${key}": ${quoted(id.text)} is taken as it is. CCCP did not allow "_" and ".", or made them "-".`;
      advise(id.offset, 'spelling', message);
    }
  }
  for (const key of ['git-path', 'target-file', 'build-context', 'prebuild-context'] as const) {
    const path = textOf(entry, key);
    // Other YAML readers turn 9.10 into the number 9.1.
    if (path?.isPlain && /^[-+]?(?:\d[\d_]*\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i.test(path.text)) {
      advise(
        path.offset,
        'spelling',
        `"${key}" looks like a number, and is taken as the text ${quoted(path.text)}. Put it in quotes.`,
      );
    }
  }
  const args = entry.keys.get('build-args')?.value;
  for (const [name, { offset }] of args?.kind === 'mapping' ? args.keys : []) {
    if (!looksSecret(name)) continue;
    const message = `"build-args": ${quoted(name)} looks like a secret. Arguments stay in the image and are shown to everybody: use "build-secrets".`;
    advise(offset, 'spelling', message);
  }
  const notify = entry.keys.get('notify')?.value;
  if (notify?.kind === 'list' && notify.items.length > 1) {
    const never = notify.items.find((item) => item.kind === 'text' && item.text.toLowerCase() === 'never');
    if (never)
      advise(
        never.offset,
        'spelling',
        '"notify": "never" excludes all other values. It is ignored, and the others count.',
      );
  }
  return diagnostics;
}
