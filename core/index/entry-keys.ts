import * as z from 'zod';
import { InvalidInputError } from '../model/errors.ts';
import { parseImageReference } from '../model/image-reference.ts';
import { notifiableStatuses } from '../model/notifiable-statuses.ts';
import { quoted } from '../text/visible.ts';
import { parseSchedule } from '../triggers/schedule.ts';
import { buildArguments, buildSecrets, buildTarget, imageLabels, imagePlatforms, secretText } from './build-keys.ts';
import { deployMapping, mostTargets } from './deploy-targets.ts';
import { destination, mostDestinations } from './destinations.ts';
import { exceptionMapping } from './exceptions.ts';
import { mostNotifyUrls, notifyUrl, notifyUrlMapping } from './notify-urls.ts';
import { policyMapping, scannersMapping } from './policy-keys.ts';
import { atMost, branch, day, flag, listOf, mostListed, oneOf, prose, rule, text } from './values.ts';

/**
 * The keys of an index entry: what each may contain, and what it means. The reader, the suggestions for misspelt keys and the JSON Schema
 * are derived from this. Every scalar is the text that was written; `null`, `~` and an empty value are null. `meta` is the part of a rule
 * that JSON Schema can express.
 */

const longestId = 80;

const idPattern = /^[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*$/;
const id = text
  .min(2, `It must have 2 to ${longestId} characters.`)
  .max(longestId, `It must have 2 to ${longestId} characters.`)
  .check(
    rule((value) =>
      idPattern.test(value)
        ? undefined
        : `${quoted(value)} is not an image name. Use letters and digits, with single "-" between them: ${exampleOf(value)}.`,
    ),
  )
  .meta({ pattern: idPattern.source });

const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const tag = text
  .check(
    rule((value) => {
      if (!tagPattern.test(value)) {
        return `${quoted(value)} is not an image name: a tag has at most 128 letters, digits, "_", "." and "-", and begins with none of the last two.`;
      }
      return /^build-|^sha-[0-9a-f]{40}$/.test(value)
        ? `The pipeline itself gives the tags "build-…" and "sha-…" to releases. Choose another.`
        : undefined;
    }),
  )
  .meta({ pattern: tagPattern.source });

const path = text;

const address = z.email();
const addresses = prose
  .check(
    rule((value) => {
      const parts = splitAddresses(value);
      const refused = parts.find((part) => !address.safeParse(part).success);
      if (parts.length > 0 && refused === undefined) return undefined;
      return `${quoted(refused ?? value)} is not a mail address. Write it as name@example.org; write several as a list.`;
    }),
  )
  .meta({ pattern: '^[^@]+@[^@]+' });

/** `a@example.org, b@example.org` in one text, as entries of CCCP have it. */
export function splitAddresses(value: string): string[] {
  return value.split(/[\s,;]+/).filter(Boolean);
}

const viewer = text
  .check(
    rule((value) =>
      address.safeParse(value).success || /^group:[^\s,;]{1,200}$/i.test(value)
        ? undefined
        : `${quoted(value)} is neither a mail address nor a group. Write name@example.org or group:NAME.`,
    ),
  )
  .meta({ pattern: '^([^@]+@[^@]+|[Gg][Rr][Oo][Uu][Pp]:\\S+)$' });

const parent = text.check(
  rule((value) => {
    try {
      parseImageReference(value.toLowerCase());
      return undefined;
    } catch (error) {
      if (!(error instanceof InvalidInputError)) throw error;
      return `${quoted(value)} is not a name of an image. Write app-id/job-id:tag, such as centos/centos:7.`;
    }
  }),
);

const schedule = text
  .check(
    rule((value) => {
      try {
        parseSchedule(value);
        return undefined;
      } catch (error) {
        if (!(error instanceof InvalidInputError)) throw error;
        return error.message;
      }
    }),
  )
  .meta({ pattern: '^(rate|cron)\\(.+\\)$', examples: ['rate(7 days)', 'cron(0 4 ? * MON *)'] });

const glob = text.check(
  rule((value) =>
    /(?:^|\/)\.\.(?:\/|$)/.test(value) ? 'A glob begins at the root of the repository and cannot leave it.' : undefined,
  ),
);

const holdMapping = z.strictObject(
  {
    until: day.nullish().describe('The last day of the hold, in UTC; without it, it lasts until the key is taken out.'),
    reason: prose.nullish().describe('Why releases are held.'),
  },
  { error: 'It must be a mapping with until and reason.' },
);

export const entrySchema = z.strictObject({
  id: text
    .check(
      rule((value) => (/^[1-9]\d{0,8}$/.test(value) ? undefined : `${quoted(value)} is not a number from 1 upwards.`)),
    )
    .meta({ type: ['integer', 'string'], minimum: 1, pattern: '^[1-9][0-9]{0,8}$' })
    .nullish()
    .describe('A number that no other entry of the file has.'),
  'app-id': id
    .check(
      rule((value) =>
        value.toLowerCase() === 'candidate'
          ? 'The app-id "candidate" is taken by images that wait for a verdict. Choose another.'
          : undefined,
      ),
    )
    .describe('The namespace of the image; as a rule the name of the file. `library` releases without a namespace.'),
  'job-id': id.describe('The name of the image.'),
  'git-url': text
    .meta({ pattern: '^([Hh][Tt][Tt][Pp][Ss]?|[Gg][Ii][Tt])://[^@\\s]+$' })
    .describe('The repository of the source: its public http(s) address.'),
  'git-branch': branch.nullish().describe('The branch that is tracked; `master` if absent.'),
  'git-path': path.describe('The folder of the Dockerfile, from the root of the repository: `/` is the root.'),
  'target-file': path.describe('The name of the Dockerfile, from `git-path`.'),
  'desired-tag': tag.describe('The tag that a release of the branch moves.'),
  'notify-email': listOf(addresses, 'a mail address').describe('Who is notified of the results of the builds.'),
  'build-context': path.nullish().describe('The folder that is given to the build, from `git-path`; `./` if absent.'),
  'depends-on': listOf(parent, 'the name of an image')
    .optional()
    .describe(
      'The images that the Dockerfile builds on: the image is built again after each of them. `null` if there is none.',
    ),
  'prebuild-script': path
    .nullish()
    .describe('A script that runs before the build and makes what is missing, from `prebuild-context`.'),
  'prebuild-context': path.nullish().describe('The folder that the script runs in, from the root of the repository.'),
  'extra-tags': listOf(tag, 'a tag').optional().describe('More tags that a release of the branch moves.'),
  platforms: imagePlatforms
    .optional()
    .describe(
      "What the image is to be built for, each on a machine of its own: the release has an image for each. The pipeline's own platform if absent.",
    ),
  paths: listOf(glob, 'a glob')
    .optional()
    .describe('Globs as in `paths` of a GitHub workflow: a push that touches none of them builds nothing.'),
  'version-tags': flag
    .nullish()
    .describe(
      'Whether git tags like v1.2.3 are built and released too; yes if absent, unless entries share an image name.',
    ),
  'pull-requests': flag
    .nullish()
    .describe('Whether pull requests to the source are built and judged, without a release.'),
  notify: listOf(oneOf([...notifiableStatuses, 'never']), 'the end of a build, or findings')
    .optional()
    .describe(
      'What mails are sent about: ends of builds, and what is found later in released images; all of it if absent.',
    ),
  'notify-url': listOf(notifyUrl, 'an address, or a mapping with url or secret', mostNotifyUrls)
    .optional()
    .describe(
      'Addresses that get releases, rollbacks, holds and failures: signed CloudEvents, or messages for Slack and Teams.',
    ),
  'source-secret': secretText
    .nullish()
    .describe(
      'The secret that opens the repository, if it is not public. Operators store it for the app-id. The project is private then, unless `visibility` says otherwise.',
    ),
  visibility: oneOf(['private', 'public'])
    .nullish()
    .describe('`private`: pages, logs, reports and badges are for `viewers` alone; `public` if absent.'),
  viewers: listOf(viewer, 'a mail address or group:NAME')
    .optional()
    .describe(
      'Who sees a private project: mail addresses, and `group:NAME` of the identity provider; `notify-email` if absent.',
    ),
  enabled: flag.nullish().describe('`false` puts the project to rest: nothing is built, its images stay.'),
  schedule: schedule
    .nullish()
    .describe(
      'When to build even if nothing has changed, in UTC: `rate(7 days)` or `cron(0 4 ? * MON *)`; at most once an hour.',
    ),
  'build-args': buildArguments
    .nullish()
    .describe(
      'The values of ARGs of the Dockerfile: `NODE_VERSION: "24"`. Everybody can read them: secrets belong in `build-secrets`.',
    ),
  'build-secrets': buildSecrets
    .nullish()
    .describe(
      'Secrets that `RUN --mount=type=secret,id=npmrc` may mount: `npmrc: npm-token`. Operators store them for the app-id.',
    ),
  target: buildTarget.nullish().describe('The stage of the Dockerfile that is built; the last one if absent.'),
  labels: imageLabels.nullish().describe('Labels and annotations of the image, beside those that the pipeline sets.'),
  policy: policyMapping.nullish().describe("What is stricter or weaker than the index's policy, or the pipeline's."),
  exceptions: z
    .array(exceptionMapping, { error: 'It must be a list of exceptions.' })
    .check(atMost(mostListed))
    .meta({ maxItems: mostListed })
    .nullish()
    .describe('Findings that are accepted for this project until a day.'),
  hold: holdMapping
    .nullish()
    .describe('Nothing is released as long as it lasts: builds and scans go on, and what would be released waits.'),
  deploy: listOf(deployMapping, 'a target with repository and path', mostTargets)
    .optional()
    .describe('The manifests in git that a release is written into: one target, or a list of them.'),
  destinations: listOf(destination, 'the name of an image', mostDestinations)
    .optional()
    .describe(
      'The images in other registries that a release is copied to: `ghcr.io/acme/shop`, or a folder, `ghcr.io/acme/`.',
    ),
});

export type EntryValues = z.infer<typeof entrySchema>;
export type EntryKey = keyof EntryValues;

export const entryKeys = Object.keys(entrySchema.shape) as EntryKey[];
/** Without these keys an entry makes no project. */
export const requiredKeys: EntryKey[] = [
  'app-id',
  'job-id',
  'git-url',
  'git-path',
  'target-file',
  'desired-tag',
  'notify-email',
];
/** Keys that CCCP required, although there is a default. */
export const expectedKeys: Partial<Record<EntryKey, string>> = {
  id: 'Give each entry of a file a number of its own.',
  'git-branch': 'The branch "master" is taken.',
  'build-context': 'The folder "git-path" is taken.',
  'depends-on': 'None is taken. Write "depends-on: null" if that is so.',
};

/** The keys that a mapping inside an entry may have. */
export function keysWithin(key: string): string[] {
  const mappings: Record<string, z.ZodObject> = {
    policy: policyMapping,
    scanners: scannersMapping,
    exceptions: exceptionMapping,
    hold: holdMapping,
    deploy: deployMapping,
    'notify-url': notifyUrlMapping,
  };
  return Object.keys(mappings[key]?.shape ?? {});
}

function exampleOf(value: string): string {
  const corrected = value.replaceAll(/[^A-Za-z0-9]+/g, '-').replaceAll(/^-+|-+$/g, '');
  return corrected.length < 2 ? 'my-app' : corrected.slice(0, 40);
}
