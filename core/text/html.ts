/** Text that is already markup. Only `html` creates it, so every other value on a page is escaped. */
class Html {
  readonly #markup: string;

  constructor(markup: string) {
    this.#markup = markup;
  }

  toString(): string {
    return this.#markup;
  }
}

export type { Html };

type Value = Html | string | number | false | null | undefined | readonly Value[];

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** The characters that change the direction of a text, even after the value: https://www.unicode.org/reports/tr9/#Explicit_Directional_Embeddings */
const directionCharacters = /[\u202a-\u202e\u2066-\u2069]/g;

/**
 * A template for HTML and SVG. Every value is escaped for text and quoted attributes, lists are joined, and `false`, `null` and `undefined`
 * are left out. Write attributes in quotes, and pass an address from outside through `webLink` first.
 */
export function html(strings: TemplateStringsArray, ...values: Value[]): Html {
  return new Html(strings.reduce((markup, string, index) => markup + render(values[index - 1]) + string));
}

function render(value: Value): string {
  if (value === false || value === null || value === undefined) return '';
  if (value instanceof Html) return value.toString();
  if (typeof value === 'object') return value.map(render).join('');
  return String(value)
    .toWellFormed()
    .replace(directionCharacters, '')
    .replace(/[&<>"']/g, (character) => entities[character] ?? '');
}
