import { AwsClient } from 'aws4fetch';
import type * as z from 'zod/mini';
import { UpstreamError } from '../../core/model/errors.ts';
import { parseJson } from '../../core/text/parse-json.ts';

/**
 * Calls AWS's JSON APIs without an SDK client. The webhook's function has to answer within GitHub's deadline even after a cold start, and
 * loading a client takes longer than all its work (docs/decisions/webhook-without-sdk-clients.md).
 * A Lambda's credentials in its environment stay valid as long as the process runs.
 */
export function createSignedFetch(
  service: 'sqs' | 'secretsmanager' | 'events',
  protocol: '1.0' | '1.1',
  target: string,
) {
  const region = process.env.AWS_REGION ?? 'us-east-1';
  const endpoint = process.env.AWS_ENDPOINT_URL ?? `https://${service}.${region}.amazonaws.com`;
  const client = new AwsClient({
    accessKeyId: process.env.AWS_ACCESS_KEY_ID ?? '',
    secretAccessKey: process.env.AWS_SECRET_ACCESS_KEY ?? '',
    ...(process.env.AWS_SESSION_TOKEN ? { sessionToken: process.env.AWS_SESSION_TOKEN } : {}),
    service,
    region,
    retries: 3,
  });

  /** @throws UpstreamError with the service's name of the error, which is also its cause */
  return async function call<Output>(action: string, input: object, output: z.ZodMiniType<Output>): Promise<Output> {
    const response = await client.fetch(endpoint, {
      method: 'POST',
      headers: { 'content-type': `application/x-amz-json-${protocol}`, 'x-amz-target': `${target}.${action}` },
      body: JSON.stringify(input),
      signal: AbortSignal.timeout(5000),
    });
    const body = await response.text();
    if (!response.ok) {
      // A proxy's page or an empty body has no error name: then report the status.
      const type = /"__type"\s*:\s*"(?:[\w.]+#)?(\w+)"/.exec(body)?.[1];
      throw new UpstreamError(`${service} ${action}: ${type ?? `HTTP ${response.status}`}`, { cause: type });
    }
    const answer = parseJson(body);
    if (answer === undefined) throw new UpstreamError(`${service} ${action}: the answer is not JSON.`);
    return output.parse(answer);
  };
}
