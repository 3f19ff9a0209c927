import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { signedReads } from '../core/api/signed-reads.ts';
import { stranger, type Viewer } from '../core/visibility/viewer.ts';

/** Those parts of API Gateway's event that say who asks. */
export type AskedBy = Pick<APIGatewayProxyEventV2, 'routeKey' | 'cookies'> & {
  requestContext: object;
};

/** API Gateway calls the route of signed reads only after it has checked the signature, and IAM has allowed the call. */
export function isSigned({ routeKey, requestContext }: AskedBy): boolean {
  return (
    routeKey.endsWith(` ${signedReads}`) && 'authorizer' in requestContext && requestContext.authorizer !== undefined
  );
}

/** Who asks. */
export async function viewerOf(event: AskedBy): Promise<Viewer> {
  return isSigned(event) ? { ...stranger, seesAll: true } : stranger;
}
