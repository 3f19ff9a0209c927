/**
 * A condition, key or filter as DynamoDB writes it, made by the tag `expression`.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.html
 */
export class Expression {
  readonly texts: readonly string[];
  readonly values: readonly unknown[];

  constructor(texts: readonly string[], values: readonly unknown[]) {
    this.texts = texts;
    this.values = values;
  }
}

/**
 * `expression\`#status = ${status} AND dueAt <= ${now}\``: what is put in is a value, or another expression. A `#` stands before each
 * attribute whose name is a reserved word, as `status` is:
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ReservedWords.html
 */
export function expression(texts: TemplateStringsArray, ...values: unknown[]): Expression {
  return new Expression(texts, values);
}

/** An attribute whose name is not known before, or a path into one. */
export function attribute(path: string): Expression {
  return new Expression([path.replace(/\w+/g, '#$&')], []);
}

/** The right side of `IN`. */
export function anyOf(values: readonly unknown[]): Expression {
  return new Expression(['(', ...values.slice(1).map(() => ', '), ')'], values);
}

/** All of the conditions that there are; undefined if there are none. */
export function and(...conditions: (Expression | undefined)[]): Expression | undefined {
  const known = conditions.filter((condition) => condition !== undefined);
  return known.length > 0 ? new Expression(['(', ...known.slice(1).map(() => ') AND ('), ')'], known) : undefined;
}

/** What an update changes. In `set` and `setOnce` a name may be a path into a map: `stages.build.status`. */
export interface Change {
  /** An attribute that is undefined is removed. */
  set?: Record<string, unknown>;
  /** Set where there is none yet. */
  setOnce?: Record<string, unknown>;
  remove?: readonly string[];
  /** Adds to a number, or to a set. */
  add?: Record<string, number | ReadonlySet<string>>;
  /** Takes members out of a set. */
  delete?: Record<string, ReadonlySet<string>>;
}

/** Gives the names and values of one request their placeholders, so that none of them is ever read as a part of an expression. */
export class Placeholders {
  readonly #names: Record<string, string> = {};
  readonly #values: Record<string, unknown> = {};

  /** The text of an expression. */
  text({ texts, values }: Expression): string {
    for (const [alias, name = ''] of texts.join(' ').matchAll(/#(\w+)/g)) this.#names[alias] = name;
    return texts.reduce((text, next, at) => text + this.#value(values[at - 1]) + next);
  }

  name(path: string): string {
    return this.text(attribute(path));
  }

  /** The text of an update expression; undefined if it changes nothing. */
  change({ set = {}, setOnce = {}, remove = [], add = {}, delete: taken = {} }: Change): string | undefined {
    const removed = Object.keys(set).filter((path) => set[path] === undefined);
    const clauses = {
      SET: [
        ...there(set).map(([path, value]) => `${this.name(path)} = ${this.#value(value)}`),
        ...there(setOnce).map(
          ([path, value]) => `${this.name(path)} = if_not_exists(${this.name(path)}, ${this.#value(value)})`,
        ),
      ],
      REMOVE: [...removed, ...remove].map((path) => this.name(path)),
      ADD: some(add).map(([path, value]) => `${this.name(path)} ${this.#value(value)}`),
      DELETE: some(taken).map(([path, value]) => `${this.name(path)} ${this.#value(value)}`),
    };
    const texts = Object.entries(clauses).flatMap(([word, parts]) =>
      parts.length > 0 ? `${word} ${parts.join(', ')}` : [],
    );
    return texts.length > 0 ? texts.join(' ') : undefined;
  }

  /** To be read when all expressions are written. DynamoDB takes no empty list of either. */
  get attributes() {
    const unlessEmpty = <Value>(all: Record<string, Value>) => (Object.keys(all).length > 0 ? all : undefined);
    return {
      ExpressionAttributeNames: unlessEmpty(this.#names),
      ExpressionAttributeValues: unlessEmpty(this.#values),
    };
  }

  #value(value: unknown): string {
    if (value instanceof Expression) return this.text(value);
    const placeholder = `:v${Object.keys(this.#values).length}`;
    this.#values[placeholder] = value;
    return placeholder;
  }
}

const there = (all: Record<string, unknown>) => Object.entries(all).filter(([, value]) => value !== undefined);
/** DynamoDB has no empty sets: to add or take none is to change nothing. */
const some = (all: Record<string, unknown>) =>
  there(all).filter(([, value]) => !(value instanceof Set) || value.size > 0);
