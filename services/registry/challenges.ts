/** One way to sign in that a server offers: `Bearer realm="https://auth.example/token",service="registry"`. */
export interface Challenge {
  /** In lower case: schemes are compared without regard to case. */
  scheme: string;
  /** By their names in lower case. */
  parameters: ReadonlyMap<string, string>;
}

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const parameter = new RegExp(`^(${token})[ \\t]*=[ \\t]*(?:"((?:[^"\\\\]|\\\\.)*)"|(${token}))`);
/** `Negotiate YWJjZA==`: one value in place of named ones. */
const token68 = /^[0-9A-Za-z._~+/-]+=*(?=[ \t]*(?:,|$))/;
const scheme = new RegExp(`^(${token})(?=[ \\t,]|$)`);

/**
 * Reads `WWW-Authenticate`. It may list several challenges, in one header or in several, which `Headers` joins with commas. A comma also
 * separates the parameters of one challenge, so the text after it decides. Reading ends at the first text that is neither of the two.
 * https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1
 */
export function readChallenges(header: string): Challenge[] {
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  let rest = header;
  while (true) {
    rest = rest.replace(/^[ \t,]+/, '');
    const named = parameter.exec(rest);
    if (named && challenges.length > 0) {
      const [text, name = '', quoted, plain = ''] = named;
      challenges.at(-1)?.parameters.set(name.toLowerCase(), quoted?.replace(/\\(.)/g, '$1') ?? plain);
      rest = rest.slice(text.length);
      continue;
    }
    const name = scheme.exec(rest)?.[1];
    if (name === undefined) return challenges;
    challenges.push({ scheme: name.toLowerCase(), parameters: new Map() });
    rest = rest.slice(name.length).replace(/^[ \t]+/, '');
    if (!parameter.test(rest)) rest = rest.replace(token68, '');
  }
}
