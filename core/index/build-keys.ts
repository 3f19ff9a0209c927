import * as z from 'zod';
import { platforms } from '../model/platform.ts';
import { quoted } from '../text/visible.ts';
import { listOf, oneOf, rule, text } from './values.ts';

/** What goes into a build beside its source: the keys `platforms`, `build-args`, `target`, `labels` and `build-secrets` of an entry. */

const mostNames = 50;
/** The policy of a build's session names each, and AWS takes no long policy. */
const mostSecrets = 8;

/** A mapping of names to values. */
const named = <Value extends z.ZodType<string | null>>(
  value: Value,
  what: string,
  pattern: RegExp,
  reasonAgainst: (name: string) => string | undefined,
  most = mostNames,
) =>
  z
    .record(z.string(), value, { error: `It must be a mapping of names to values, such as ${what}.` })
    .check(
      z.superRefine<Record<string, string | null>>((texts, context) => {
        const refuse = (message: string, path: string[]) =>
          context.addIssue({ code: 'custom', message, path, continue: true });
        for (const name of Object.keys(texts)) {
          const reason = reasonAgainst(name);
          if (reason !== undefined) refuse(reason, [name]);
        }
        if (Object.keys(texts).length > most) refuse(`It has more than ${most} names.`, []);
      }),
    )
    .meta({ maxProperties: most, propertyNames: { pattern: pattern.source } });

/** Texts by their names. `null` takes away what the index has under the name. */
const texts = text.nullable();

/** Every 64-bit ARM is a v8, which some write and some do not. */
export const imagePlatforms = listOf(oneOf([...platforms, 'linux/arm64/v8']), 'a platform');

const argumentName = /^[A-Za-z_][A-Za-z0-9_]{0,99}$/;
/**
 * BuildKit takes arguments of these names as its own options. Among them are the frontend and the cache, which decide what a build may
 * reach.
 */
const engineArgument =
  /^(?:BUILDKIT_.*|SOURCE_DATE_EPOCH|(?:BUILD|TARGET)(?:PLATFORM|OS|OSVERSION|ARCH|VARIANT|STAGE))$/i;

export const buildArguments = named(texts, 'NODE_VERSION: "24"', argumentName, (name) => {
  if (!argumentName.test(name)) return `${quoted(name)} is not a name of an ARG: use letters, digits and "_".`;
  return engineArgument.test(name)
    ? `The argument ${quoted(name)} is set by the pipeline itself. Take it out.`
    : undefined;
});

const stageName = /^[A-Za-z][A-Za-z0-9._-]{0,99}$/;

export const buildTarget = text
  .check(
    rule((value) =>
      stageName.test(value)
        ? undefined
        : `${quoted(value)} is not a name of a stage: write what follows AS in its FROM.`,
    ),
  )
  .meta({ pattern: stageName.source });

const labelName = /^[A-Za-z0-9](?:[A-Za-z0-9._/-]{0,126}[A-Za-z0-9])?$/;
/** https://docs.docker.com/engine/manage-resources/labels/#key-format-recommendations */
const enginesLabel = /^(?:com\.docker|io\.docker|org\.dockerproject|io\.buildah)\./;
const pipelinesLabel =
  /^org\.opencontainers\.image\.(?:source|revision|version|created|ref\.name|base\.name|base\.digest)$/;

export const imageLabels = named(texts, 'org.opencontainers.image.vendor: Acme', labelName, (name) => {
  if (!labelName.test(name)) {
    return `${quoted(name)} is not a name of a label: use letters and digits, with ".", "-", "_" and "/" between them.`;
  }
  if (pipelinesLabel.test(name)) return `The pipeline itself sets the label ${quoted(name)}. Take it out.`;
  return enginesLabel.test(name)
    ? `Labels of ${quoted(name)} are kept for the engine. Choose another name.`
    : undefined;
});

const secretId = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;
const secretName = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,79}$/;

/** The name under which the operators have stored a secret for the app-id. */
export const secretText = text
  .check(
    rule((value) =>
      secretName.test(value)
        ? undefined
        : `${quoted(value)} is not a name of a secret: use letters and digits, with ".", "-" and "_" between them.`,
    ),
  )
  .meta({ pattern: secretName.source });

export const buildSecrets = named(
  secretText,
  'npmrc: npm-token',
  secretId,
  (id) =>
    secretId.test(id)
      ? undefined
      : `${quoted(id)} is not an id of a secret: use letters and digits, with ".", "-" and "_".`,
  mostSecrets,
);

export type NamedTexts = Record<string, string | null>;

/** What an entry says about each name, or else the whole index; undefined if there is nothing. */
export function mergedTexts(
  common: NamedTexts | null | undefined,
  own: NamedTexts | null | undefined,
): Record<string, string> | undefined {
  const merged = Object.entries({ ...common, ...own }).filter((each): each is [string, string] => each[1] !== null);
  return merged.length > 0 ? Object.fromEntries(merged) : undefined;
}
