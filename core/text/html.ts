/** Text that is markup already. Only `html` makes one, so every other value that reaches a page is escaped. */
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

/** The characters that turn the direction of a text, also of what follows the value: https://www.unicode.org/reports/tr9/#Explicit_Directional_Embeddings */
const turning = /[\u202a-\u202e\u2066-\u2069]/g;

/**
 * A template for HTML and SVG: every value is escaped, for text and for quoted attributes alike; lists are joined; `false`, `null`
 * and `undefined` are nothing. Write attributes in quotes. An address from outside goes through `webLink` first.
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
    .replace(turning, '')
    .replace(/[&<>"']/g, (character) => entities[character] ?? '');
}
