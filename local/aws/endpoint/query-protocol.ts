import { AwsError, type Service } from '../service.ts';
import type { Protocol } from './protocol.ts';
import { element, escapeXml } from './xml.ts';

/** The form-encoded protocol of the older services, with answers in XML. https://smithy.io/2.0/aws/protocols/aws-query-protocol.html */
export function queryProtocol(service: Pick<Service, 'signingName'>): Protocol {
  const namespace = service.signingName === undefined ? undefined : namespaces[service.signingName];
  const xmlns = namespace === undefined ? '' : ` xmlns="${namespace}"`;
  const headers = (requestId: string) => ({ 'content-type': 'text/xml', 'x-amzn-requestid': requestId });

  return {
    readCall(_headers, body) {
      const { Action: action, Version: _version, ...input } = nest(new URLSearchParams(body.toString('utf8')));
      return { action: typeof action === 'string' ? action : '', input };
    },
    success: (action, output, requestId) => ({
      statusCode: 200,
      headers: headers(requestId),
      body:
        `<${action}Response${xmlns}>${element(`${action}Result`, output ?? {})}` +
        `<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata></${action}Response>`,
    }),
    failure: ({ code, message, statusCode, details }, requestId) => ({
      statusCode,
      headers: headers(requestId),
      body:
        `<ErrorResponse${xmlns}><Error><Type>${statusCode < 500 ? 'Sender' : 'Receiver'}</Type><Code>${escapeXml(code)}</Code>` +
        `<Message>${escapeXml(message)}</Message>${Object.entries(details)
          .map(([name, value]) => element(name, value))
          .join('')}` +
        `</Error><RequestId>${requestId}</RequestId></ErrorResponse>`,
    }),
    signatureError: (problem, message) =>
      problem === 'incomplete'
        ? new AwsError('IncompleteSignature', message, 400)
        : new AwsError(signatureCodes[problem], message, 403),
    unknownAction: (message) => new AwsError('InvalidAction', message),
  };
}

const signatureCodes = {
  missing: 'MissingAuthenticationToken',
  expired: 'SignatureDoesNotMatch',
  mismatch: 'SignatureDoesNotMatch',
  'unknown-key': 'InvalidClientTokenId',
  'expired-token': 'ExpiredToken',
} as const;

const namespaces: Readonly<Record<string, string>> = {
  cloudformation: 'http://cloudformation.amazonaws.com/doc/2010-05-15/',
  ses: 'http://ses.amazonaws.com/doc/2010-12-01/',
  sts: 'https://sts.amazonaws.com/doc/2011-06-15/',
};

type Nested = { [name: string]: Nested | string };

/** `Destinations.member.1=a` becomes `{Destinations: ['a']}`, `RawMessage.Data=x` becomes `{RawMessage: {Data: 'x'}}`. */
function nest(form: URLSearchParams): Record<string, unknown> {
  const root: Nested = Object.create(null);
  for (const [path, value] of form) {
    const names = path.split('.');
    // Nothing that AWS takes is deeper.
    if (names.length > 10)
      throw new AwsError('MalformedQueryString', `The query string is too deep: ${path.slice(0, 100)}`);
    const last = names.pop() ?? '';
    let node = root;
    for (const name of names) {
      const inner = node[name] ?? Object.create(null);
      if (typeof inner === 'string')
        throw new AwsError('MalformedQueryString', `${name} is both a value and a structure.`);
      node[name] = inner;
      node = inner;
    }
    node[last] = value;
  }
  return Object.fromEntries(Object.entries(root).map(([name, value]) => [name, listed(value)]));
}

function listed(value: Nested | string): unknown {
  if (typeof value === 'string') return value;
  const { member } = value;
  if (member !== undefined && typeof member !== 'string') {
    return Object.entries(member)
      .sort(([a], [b]) => Number(a) - Number(b))
      .map(([, item]) => listed(item));
  }
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, listed(item)]));
}
