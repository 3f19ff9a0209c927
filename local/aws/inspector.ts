import { z } from 'zod';
import { type Account, AwsError, type Caller, type RestAnswer, type RestCall, type Service } from './service.ts';

/** An image as Inspector covers it. */
export interface Coverage {
  resourceId: string;
  repository: string;
  digest: string;
  statusCode: 'ACTIVE' | 'INACTIVE';
  reason: string;
  lastScannedAt: number | undefined;
}

/** What Inspector knows of the registry's images. */
export interface InspectedImages {
  coverage(): Coverage[];
  /** Finished answers, as ListFindings gives them. */
  findings(): { status: string; findingArn: string; image: Pick<Coverage, 'repository' | 'digest'> }[];
}

const filters = z
  .array(z.object({ comparison: z.enum(['EQUALS', 'NOT_EQUALS']), value: z.string() }))
  .max(10)
  .optional();
const paging = { maxResults: z.int().min(1).max(200).default(100), nextToken: z.string().optional() };

const coverageSchema = z.strictObject({
  ...paging,
  filterCriteria: z
    .strictObject({ resourceId: filters, resourceType: filters, ecrRepositoryName: filters, scanStatusReason: filters })
    .default({}),
});
const findingsSchema = z.strictObject({
  ...paging,
  maxResults: z.int().min(1).max(100).default(100),
  filterCriteria: z
    .strictObject({
      ecrImageHash: filters,
      ecrImageRepositoryName: filters,
      findingStatus: filters,
      findingArn: filters,
    })
    .default({}),
});

/**
 * Amazon Inspector, limited to queries about images of the registry; it has only the filters that are used.
 * https://docs.aws.amazon.com/inspector/v2/APIReference/API_Operations.html
 */
export function createInspector(account: Account, images: InspectedImages): Service {
  const listCoverage = (body: unknown) => {
    const { filterCriteria: wanted, ...page } = read(coverageSchema, body);
    const resources = images
      .coverage()
      .filter(
        ({ resourceId, repository, reason }) =>
          passes(wanted.resourceId, resourceId) &&
          passes(wanted.resourceType, 'AWS_ECR_CONTAINER_IMAGE') &&
          passes(wanted.ecrRepositoryName, repository) &&
          passes(wanted.scanStatusReason, reason),
      )
      .map(({ resourceId, repository, statusCode, reason, lastScannedAt }) => ({
        accountId: account.id,
        resourceId,
        resourceType: 'AWS_ECR_CONTAINER_IMAGE',
        scanType: 'PACKAGE',
        scanStatus: { statusCode, reason },
        resourceMetadata: { ecrImage: { tags: [] }, ecrRepository: { name: repository } },
        lastScannedAt: lastScannedAt === undefined ? undefined : lastScannedAt / 1000,
      }));
    const { items, nextToken } = pageOf(resources, page);
    return { coveredResources: items, nextToken };
  };

  const listFindings = (body: unknown) => {
    const { filterCriteria: wanted, ...page } = read(findingsSchema, body);
    const found = images
      .findings()
      .filter(
        ({ image, status, findingArn }) =>
          passes(wanted.ecrImageHash, image.digest) &&
          passes(wanted.ecrImageRepositoryName, image.repository) &&
          passes(wanted.findingStatus, status) &&
          passes(wanted.findingArn, findingArn),
      )
      .map(({ image: _, ...finding }) => finding);
    const { items, nextToken } = pageOf(found, page);
    return { findings: items, nextToken };
  };

  const operations: Record<string, { action: string; answer(body: unknown): object }> = {
    '/coverage/list': { action: 'inspector2:ListCoverage', answer: listCoverage },
    '/findings/list': { action: 'inspector2:ListFindings', answer: listFindings },
  };

  return {
    signingName: 'inspector2',
    protocol: 'rest-json',
    resources: {},

    async rest({ method, path, body }: RestCall, caller: Caller): Promise<RestAnswer> {
      const operation = operations[path];
      if (operation === undefined || method !== 'POST')
        throw new AwsError('UnknownOperationException', `The local AWS does not know ${method} ${path}.`, 404);
      account.iam.authorize(caller, [{ action: operation.action, resource: '*' }]);
      const answer = operation.answer(body.length === 0 ? {} : parse(body));
      return { statusCode: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(answer) };
    },
  };
}

/** One of several values for equality, and none of those that it must not have. */
function passes(wanted: z.infer<typeof filters>, value: string): boolean {
  const equals = wanted?.filter(({ comparison }) => comparison === 'EQUALS') ?? [];
  const differs = wanted?.filter(({ comparison }) => comparison === 'NOT_EQUALS') ?? [];
  return (
    (equals.length === 0 || equals.some((each) => each.value === value)) &&
    differs.every((each) => each.value !== value)
  );
}

function pageOf<Item>(
  items: Item[],
  { maxResults, nextToken = '0' }: { maxResults: number; nextToken?: string | undefined },
) {
  if (!/^\d{1,9}$/.test(nextToken)) throw new AwsError('ValidationException', 'Invalid nextToken');
  const from = Number(nextToken);
  const until = from + maxResults;
  return { items: items.slice(from, until), nextToken: until < items.length ? String(until) : undefined };
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch (cause) {
    throw new AwsError('SerializationException', `The body is not JSON: ${cause}`);
  }
}

function read<Schema extends z.ZodType>(schema: Schema, body: unknown): z.infer<Schema> {
  const parsed = schema.safeParse(body);
  if (!parsed.success) throw new AwsError('ValidationException', z.prettifyError(parsed.error));
  return parsed.data;
}
