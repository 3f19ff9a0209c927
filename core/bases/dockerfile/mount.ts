import { InvalidInputError } from '../../model/errors.ts';

/**
 * What `RUN --mount=type=bind,from=debian,target=/d` takes files from, as written; undefined where it names no stage or image.
 * @throws InvalidInputError
 */
export function mountSource(options: string): string | undefined {
  const sources = fieldsOf(options).flatMap((field) => {
    const [, key = '', value] = /^([^=]*)=(.*)$/s.exec(field) ?? [];
    return value !== undefined && key.toLowerCase() === 'from' ? [value] : [];
  });
  return sources.at(-1) || undefined;
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
