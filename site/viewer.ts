import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { signedReads } from '../core/api/signed-reads.ts';
import { cookieOf, readSession, sessionPurpose } from '../core/visibility/session.ts';
import { stranger, type Viewer } from '../core/visibility/viewer.ts';
import type { Seals } from '../services/aws/seals.ts';

/** Those parts of API Gateway's event that say who asks. */
export type AskedBy = Pick<APIGatewayProxyEventV2, 'routeKey' | 'cookies'> & {
  requestContext: object;
};

interface Known {
  seals: Pick<Seals, 'reveal'>;
  siteUrl: string;
  /** Their mail addresses. */
  operators: readonly string[];
  now: Date;
}

/** API Gateway calls the route of signed reads only after it has checked the signature, and IAM has allowed the call. */
export function isSigned({ routeKey, requestContext }: AskedBy): boolean {
  return (
    routeKey.endsWith(` ${signedReads}`) && 'authorizer' in requestContext && requestContext.authorizer !== undefined
  );
}

/** Who asks: a caller that IAM knows, somebody who has signed in, or a stranger. */
export async function viewerOf(event: AskedBy, { seals, siteUrl, operators, now }: Known): Promise<Viewer> {
  if (isSigned(event)) return { ...stranger, seesAll: true };
  const hidden = cookieOf(event.cookies, siteUrl, 'session');
  const session = hidden === undefined ? undefined : await seals.reveal(sessionPurpose, hidden);
  return (session !== undefined && readSession(session, operators, now)) || stranger;
}
