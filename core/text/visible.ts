/** A stranger's text within a message: cut, in quotes, and with nothing in it that a terminal or a reader's eye could take for another. */
export function quoted(text: string): string {
  const cut = text.length > 80 ? `${text.slice(0, 79)}…` : text;
  return escaped(JSON.stringify(cut)).replaceAll(/(?! )\p{Zs}/gu, inJson);
}

/** What cannot be seen of a text, as it is written in JSON. */
export function escaped(text: string): string {
  return text.replaceAll(hiddenCharacter, inJson);
}

const inJson = (character: string) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`;

/** Controls, and what turns the direction of a text or shows nothing. https://trojansource.codes */
export const hiddenCharacter = /(?![\t\n\r])\p{Cc}|[\p{Cf}\p{Cs}\u115f\u1160\u2028\u2029\u3164\uffa0]/gu;
