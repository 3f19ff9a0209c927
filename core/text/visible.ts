/** Untrusted text within a message: shortened, in quotes, and with characters escaped that could mislead a terminal or a reader. */
export function quoted(text: string): string {
  const cut = text.length > 80 ? `${text.slice(0, 79)}…` : text;
  return escaped(JSON.stringify(cut)).replaceAll(/(?! )\p{Zs}/gu, inJson);
}

/** A text whose invisible characters are escaped as in JSON. */
export function escaped(text: string): string {
  return text.replaceAll(hiddenCharacter, inJson);
}

const inJson = (character: string) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`;

/** Control characters, and characters that change the direction of a text or show nothing. https://trojansource.codes */
export const hiddenCharacter = /(?![\t\n\r])\p{Cc}|[\p{Cf}\p{Cs}\u115f\u1160\u2028\u2029\u3164\uffa0]/gu;
