import { InvalidInputError } from '../model/errors.ts';

/**
 * Puts variables into a text as a Dockerfile's `FROM` does: `$NAME`, `${NAME}`, `${NAME:-default}`, `${NAME:+other}`,
 * `${NAME:?message}` and the forms without the colon. https://docs.docker.com/reference/dockerfile/#environment-replacement
 * @throws InvalidInputError for a form that it does not know
 */
export function expandVariables(
  text: string,
  valueFor: (name: string) => string | undefined,
  escapeCharacter = '\\',
): string {
  let result = '';
  let position = 0;
  while (position < text.length) {
    const character = text.charAt(position);
    if (character === escapeCharacter && position + 1 < text.length) {
      result += text.charAt(position + 1);
      position += 2;
    } else if (character !== '$') {
      result += character;
      position += 1;
    } else if (text.charAt(position + 1) === '{') {
      const end = closingBrace(text, position + 2);
      result += expandBraces(text.slice(position + 2, end), valueFor, escapeCharacter);
      position = end + 1;
    } else {
      const name = /^[A-Za-z_]\w*/.exec(text.slice(position + 1))?.[0];
      result += name === undefined ? '$' : (valueFor(name) ?? '');
      position += 1 + (name?.length ?? 0);
    }
  }
  return result;
}

function expandBraces(body: string, valueFor: (name: string) => string | undefined, escapeCharacter: string): string {
  const [, name, colon, operator, word = ''] = /^([A-Za-z_]\w*)(?:(:?)([-+?])(.*))?$/s.exec(body) ?? [];
  if (name === undefined) throw new InvalidInputError(`The variable \${${body}} has a form that cannot be resolved.`);
  const value = valueFor(name);
  const isSet = value !== undefined && !(colon && value === '');
  if (operator === '-' && !isSet) return expandVariables(word, valueFor, escapeCharacter);
  if (operator === '+') return isSet ? expandVariables(word, valueFor, escapeCharacter) : '';
  if (operator === '?' && !isSet) throw new InvalidInputError(`The variable ${name} is not set: ${word}.`);
  return value ?? '';
}

function closingBrace(text: string, from: number): number {
  let depth = 1;
  for (let position = from; position < text.length; position += 1) {
    const character = text.charAt(position);
    if (character === '{') depth += 1;
    if (character === '}') depth -= 1;
    if (depth === 0) return position;
  }
  throw new InvalidInputError(`A variable's brace is not closed in ${JSON.stringify(text)}.`);
}
