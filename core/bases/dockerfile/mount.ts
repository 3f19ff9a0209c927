import { InvalidInputError } from '../../model/errors.ts';

/**
 * What `RUN --mount=type=bind,from=debian,target=/d` takes files from, as written; undefined where it names no stage or image.
 * @throws InvalidInputError
 */
export function mountSource(text: string): string | undefined {
  return mountOptions(text).get('from') || undefined;
}

const synonyms: Readonly<Record<string, string>> = { src: 'source', dst: 'target', destination: 'target' };

/**
 * The options of a mount by their names; the last of a name counts. One without a value is `true`.
 * https://docs.docker.com/reference/dockerfile/#run---mount
 * @throws InvalidInputError
 */
export function mountOptions(text: string): Map<string, string> {
  return new Map(
    fieldsOf(text).map((field) => {
      const [, key = '', value = 'true'] = /^([^=]*)(?:=(.*))?$/s.exec(field) ?? [];
      return [synonyms[key.toLowerCase()] ?? key.toLowerCase(), value];
    }),
  );
}

/** The fields of a CSV line: https://pkg.go.dev/github.com/tonistiigi/go-csvvalue */
function fieldsOf(line: string): string[] {
  const fields: string[] = [];
  const field = /(?:"((?:[^"]|"")*)"|([^",]*))(,|$)/y;
  for (let isOpen = line !== ''; isOpen; ) {
    const match = field.exec(line);
    if (match === null) break;
    const [, quoted, bare = '', comma] = match;
    fields.push(quoted?.replaceAll('""', '"') ?? bare);
    if (comma === '') return fields;
  }
  throw new InvalidInputError(`the mount ${JSON.stringify(line)} is not a list of options.`);
}
