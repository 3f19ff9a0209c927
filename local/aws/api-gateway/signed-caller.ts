import type { IncomingMessage } from 'node:http';
import { payloadHashOf, readCredential, SignatureError, sessionToken, verifySignature } from '../endpoint/signature.ts';
import { type Account, AwsError, type Caller } from '../service.ts';

/** Who calls a route that has IAM authorization, as the event says it. */
export interface SignedCaller {
  accessKey: string;
  accountId: string;
  callerId: string;
  cognitoIdentity: null;
  principalOrgId: null;
  userArn: string;
  userId: string;
}

/**
 * The caller by the signature of a request, if IAM lets it invoke the route; else undefined: the API then answers 403 without a reason.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-access-control-iam.html
 */
export function signedCaller(
  account: Account,
  request: IncomingMessage,
  body: Buffer,
  resource: string,
): SignedCaller | undefined {
  try {
    const signed = { method: request.method ?? '', target: request.url ?? '', headers: request.headers };
    const credential = readCredential(signed);
    const { accessKeyId } = credential;
    const caller = account.iam.callerOf(accessKeyId);
    const secret = account.iam.secretOf(accessKeyId);
    const isKnown = account.iam.sessionTokenOf(accessKeyId) === sessionToken(signed);
    if (!caller || secret === undefined || !isKnown || !account.iam.isCurrent(caller)) return undefined;
    if (credential.service !== 'execute-api' || credential.region !== account.region) return undefined;
    verifySignature(signed, credential, secret, payloadHashOf(body));
    account.iam.authorize(caller, [{ action: 'execute-api:Invoke', resource }]);
    return described(account, accessKeyId, caller);
  } catch (error) {
    if (!(error instanceof SignatureError || error instanceof AwsError)) throw error;
    account.log('api', `${request.method} ${resource}: ${error.message}`);
    return undefined;
  }
}

function described({ id }: Account, accessKey: string, { arn, kind }: Caller): SignedCaller {
  const userId = kind === 'owner' ? id : arn.split('/').slice(1).join(':');
  return {
    accessKey,
    accountId: id,
    callerId: userId,
    userId,
    userArn: arn,
    cognitoIdentity: null,
    principalOrgId: null,
  };
}
