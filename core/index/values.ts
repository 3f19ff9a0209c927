import * as z from 'zod';
import { suggestionFor } from '../text/suggestion.ts';
import { hiddenCharacter, quoted } from '../text/visible.ts';

/** The parts of the schemas of entries and policies. `meta` is the part of a rule that JSON Schema can express. */

const longestText = 500;
export const mostListed = 50;

/** Refuses a value by a rule that knows the reason, or passes it on. */
export const rule = (reasonAgainst: (text: string) => string | undefined, params?: { isHidden: true }) =>
  z.superRefine<string>((text, context) => {
    const message = reasonAgainst(text);
    if (message !== undefined) context.addIssue({ code: 'custom', message, continue: true, params });
  });

/** A text of several lines, as `>` and `|` write them. */
export const prose = z
  .string({ error: 'It must be a text.' })
  .max(longestText, `It is longer than ${longestText} characters.`)
  .check(
    rule(
      (value) =>
        value.search(hiddenCharacter) < 0
          ? undefined
          : `There is a control character or one that cannot be seen in ${quoted(value)}. Type the value again.`,
      { isHidden: true },
    ),
  );

export const text = prose.check(
  rule((value) =>
    /[\t\n\r]/.test(value) ? `There is a line break or a tab in ${quoted(value)}. Write one line.` : undefined,
  ),
);

/** Reports a list that is too long in addition to errors in its items. */
export const atMost = (most: number) =>
  z.superRefine<unknown[]>((list, context) => {
    if (list.length <= most) return;
    context.addIssue({ code: 'custom', message: `It lists more than ${most}.`, continue: true });
  });

export const listOf = <Item extends z.ZodType>(item: Item, what: string, most = mostListed) =>
  z.union([z.null(), item, z.array(item).check(atMost(most)).meta({ maxItems: most })], {
    error: `It must be ${what}, or a list of them.`,
  });

export const day = text
  .check(
    rule((value) =>
      z.iso.date().safeParse(value).success ? undefined : `${quoted(value)} is not a day. Write it as 2027-03-31.`,
    ),
  )
  .meta({ format: 'date' });

/** One of several words, in any case. It is a rule of a text, so that a list reports which of its items is wrong. */
export const oneOf = (words: readonly string[]) =>
  text
    .check(
      rule((value) => {
        if (words.some((word) => word.toLowerCase() === value.toLowerCase())) return undefined;
        const meant = suggestionFor(value, words);
        return `${quoted(value)} is not known here. ${meant ? `Did you mean ${meant}?` : `Choose one of ${words.join(', ')}.`}`;
      }),
    )
    .meta({ enum: [...words] });

/** The name of a branch. */
export const branch = text
  .check(
    rule((value) => {
      if (value.startsWith('-')) return `${quoted(value)} is not a branch name: it would be taken for an option.`;
      if (value.startsWith('refs/')) return `Write the branch without "refs/heads/": ${quoted(value)}.`;
      // https://git-scm.com/docs/git-check-ref-format
      const isBroken =
        /[\s~^:?*[\\\p{Cc}]|\.\.|@\{|\/\/|(?:^|\/)\.|\.(?:$|\/)|\.lock(?:$|\/)|^\/|\/$|^@$/u.test(value) ||
        value.length > 255;
      return isBroken ? `${quoted(value)} is not a branch name.` : undefined;
    }),
  )
  .meta({ pattern: '^(?!-|refs/)[^\\s~^:?*\\[\\\\]+$' });

const truths = ['true', 'yes', 'on'];
/** A truth value, however YAML lets it be written. */
export const flag = text
  .check(
    rule((value) =>
      [...truths, 'false', 'no', 'off'].includes(value.toLowerCase())
        ? undefined
        : `${quoted(value)} is neither true nor false.`,
    ),
  )
  .meta({ type: ['boolean', 'string'], pattern: '^([Tt]rue|[Yy]es|[Oo]n|[Ff]alse|[Nn]o|[Oo]ff)$' });

export function isTrue(value: string): boolean {
  return truths.includes(value.toLowerCase());
}
