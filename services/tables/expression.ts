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
 * `expression\`#status = ${status} AND dueAt <= ${now}\``: each substitution is a value or another expression. Attributes whose name is a
 * reserved word, such as `status`, need a `#` before them:
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ReservedWords.html
 */
export function expression(texts: TemplateStringsArray, ...values: unknown[]): Expression {
  return new Expression(texts, values);
}

/** An attribute whose name is known only at run time, or a path into one. */
export function attribute(path: string): Expression {
  return new Expression([path.replace(/\w+/g, '#$&')], []);
}

/** The right side of `IN`. */
export function anyOf(values: readonly unknown[]): Expression {
  return new Expression(['(', ...values.slice(1).map(() => ', '), ')'], values);
}

/**
 * Joins the conditions that are defined; undefined if none is. Parentheses are only where an `OR` needs them: the parser of one machine's
 * DynamoDB doubles its work with each level.
 */
export function and(...conditions: (Expression | undefined)[]): Expression | undefined {
  const known = conditions.filter((condition) => condition !== undefined);
  if (known.length < 2) return known[0];
  const joined = known.map((each) => (hasOr(each) ? new Expression(['(', ')'], [each]) : each));
  return new Expression(['', ...known.slice(1).map(() => ' AND '), ''], joined);
}

/** Whether there is an `OR` outside of all parentheses. */
function hasOr({ texts, values }: Expression): boolean {
  let text = texts.join('?');
  for (let inside = ''; inside !== text; ) {
    inside = text;
    text = text.replaceAll(/\([^()]*\)/g, '');
  }
  return / OR /i.test(text) || values.some((value) => value instanceof Expression && hasOr(value));
}

/** What an update changes. In `set` and `setOnce` a name may be a path into a map: `stages.build.status`. */
export interface Change {
  /** An attribute that is undefined is removed. */
  set?: Record<string, unknown>;
  /** Set only if the attribute does not exist yet. */
  setOnce?: Record<string, unknown>;
  remove?: readonly string[];
  /** Adds to a number, or to a set. */
  add?: Record<string, number | ReadonlySet<string>>;
  /** Takes members out of a set. */
  delete?: Record<string, ReadonlySet<string>>;
}

/** Replaces the names and values of one request by placeholders, so that DynamoDB never parses them as part of an expression. */
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
        ...defined(set).map(([path, value]) => `${this.name(path)} = ${this.#value(value)}`),
        ...defined(setOnce).map(
          ([path, value]) => `${this.name(path)} = if_not_exists(${this.name(path)}, ${this.#value(value)})`,
        ),
      ],
      REMOVE: [...removed, ...remove].map((path) => this.name(path)),
      ADD: nonEmpty(add).map(([path, value]) => `${this.name(path)} ${this.#value(value)}`),
      DELETE: nonEmpty(taken).map(([path, value]) => `${this.name(path)} ${this.#value(value)}`),
    };
    const texts = Object.entries(clauses).flatMap(([word, parts]) =>
      parts.length > 0 ? `${word} ${parts.join(', ')}` : [],
    );
    return texts.length > 0 ? texts.join(' ') : undefined;
  }

  /** Read this after all expressions are written. DynamoDB accepts no empty map of names or values. */
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

const defined = (all: Record<string, unknown>) => Object.entries(all).filter(([, value]) => value !== undefined);
/** DynamoDB has no empty sets, and adding or deleting an empty set would change nothing. */
const nonEmpty = (all: Record<string, unknown>) =>
  defined(all).filter(([, value]) => !(value instanceof Set) || value.size > 0);
