import * as z from 'zod';
import { InvalidInputError } from '../model/errors.ts';
import { parseJson } from '../text/parse-json.ts';
import { type DescribedImage, namesOf } from './described-image.ts';
import { identityOf, sortedBy } from './stable.ts';

const component = z.looseObject({
  'bom-ref': z.string().optional(),
  type: z.string(),
  name: z.string(),
  version: z.string().optional(),
  purl: z.string().optional(),
  supplier: z.looseObject({ name: z.string().optional() }).optional(),
  licenses: z
    .array(
      z.looseObject({
        license: z.looseObject({ id: z.string().optional(), name: z.string().optional() }).optional(),
        expression: z.string().optional(),
      }),
    )
    .optional(),
});

const tools = z.array(z.looseObject({ name: z.string(), version: z.string().optional() })).min(1);

/** The parts of https://cyclonedx.org/docs/1.6/json/ that are needed here. */
const cycloneDxSchema = z.looseObject({
  bomFormat: z.literal('CycloneDX'),
  specVersion: z.string().regex(/^1\.[5-9]$/),
  serialNumber: z.string().optional(),
  metadata: z.looseObject({
    timestamp: z.string().optional(),
    // A list until CycloneDX 1.5, which has both forms.
    tools: z.union([tools, z.looseObject({ components: tools })]),
    component,
  }),
  components: z.array(component).default([]),
  dependencies: z.array(z.looseObject({ ref: z.string(), dependsOn: z.array(z.string()).optional() })).default([]),
});

/** A document of CycloneDX about an image: every component has a stable `bom-ref`, and every address in it is well-formed. */
export type CycloneDx = ReturnType<typeof cycloneDxOf>;

/**
 * Turns the document that a generator wrote about an image's files into the SBOM of that image: it names the image, and contains nothing
 * that differs from one run to the next, so that its digest stays the same too.
 * @throws InvalidInputError where the text is no such document
 */
export function cycloneDxOf(text: string, image: DescribedImage) {
  const { serialNumber: _, ...document } = parsed(text);
  const { name, purl, checksum, created } = namesOf(image);
  const { metadata } = document;
  const ordered = sortedBy(document.components, ({ 'bom-ref': _, ...each }) => JSON.stringify(each));
  const names = stableNames(ordered);
  const refs = new Map(ordered.map((each, index) => [each['bom-ref'], names[index] ?? ''] as const));
  refs.set(metadata.component['bom-ref'], purl);
  const stable = (ref: string) => refs.get(ref) ?? ref;
  const dependencies = document.dependencies.map(({ ref, dependsOn = [], ...rest }) => ({
    ...rest,
    ref: stable(ref),
    dependsOn: dependsOn.map(stable).sort(),
  }));
  const whole = {
    ...document,
    metadata: {
      ...metadata,
      timestamp: created,
      component: {
        'bom-ref': purl,
        type: 'container',
        name,
        version: image.digest,
        hashes: [{ alg: 'SHA-256', content: checksum }],
        purl,
      },
    },
    components: ordered.map(({ purl: own, ...each }, index) => ({
      ...each,
      'bom-ref': names[index] ?? '',
      ...(isPurl(own) && { purl: own }),
    })),
    dependencies: sortedBy(dependencies, (each) => each.ref),
  };
  return { ...whole, serialNumber: `urn:uuid:${identityOf(whole)}` };
}

/** The programs that made the document. */
export function toolsOf({ metadata }: Pick<CycloneDx, 'metadata'>): z.infer<typeof tools> {
  return Array.isArray(metadata.tools) ? metadata.tools : metadata.tools.components;
}

function parsed(text: string): z.infer<typeof cycloneDxSchema> {
  const { data, error } = cycloneDxSchema.safeParse(parseJson(text));
  if (error) throw new InvalidInputError('The generator did not write a CycloneDX document.', { cause: error });
  return data;
}

/** The generator gives components without a package URL a random name in each run: they get a stable one. */
function stableNames(components: readonly z.infer<typeof component>[]): string[] {
  const seen = new Map<string, number>();
  return components.map(({ 'bom-ref': ref, purl, type, name, version = '' }) => {
    const own = isPurl(purl) ? (ref ?? purl) : [type, name, version].join(':');
    const count = (seen.get(own) ?? 0) + 1;
    seen.set(own, count);
    return count === 1 ? own : `${own}:${count}`;
  });
}

const longestPurl = 2000;

/** What is not one would make the whole document invalid: the generator copies it from the packages unchanged. */
function isPurl(text: string | undefined): text is string {
  return text !== undefined && text.length <= longestPurl && /^pkg:[a-z0-9.+-]+\/[\x21-\x7e]+$/i.test(text);
}
