import type { IncomingHttpHeaders } from 'node:http';
import type { Service } from '../service.ts';
import { jsonProtocol } from './json-protocol.ts';
import type { Protocol } from './protocol.ts';
import { queryProtocol } from './query-protocol.ts';
import { restJsonProtocol } from './rest-json-protocol.ts';
import { xmlProtocol } from './xml-protocol.ts';

export function protocolOf(service: Service): Protocol {
  if (service.protocol === 'json-1.0' || service.protocol === 'json-1.1')
    return jsonProtocol(service, service.protocol);
  if (service.protocol === 'query') return queryProtocol(service);
  if (service.protocol === 'rest-json') return restJsonProtocol;
  return service.signingName === 's3' ? xmlProtocol : jsonProtocol(service, 'json-1.1');
}

/** The protocol that a request without a readable credential most likely speaks. */
export function protocolBy(headers: IncomingHttpHeaders): Protocol {
  if (headers['x-amz-target'] !== undefined) return jsonProtocol({}, 'json-1.0');
  return headers['content-type']?.startsWith('application/x-www-form-urlencoded') ? queryProtocol({}) : xmlProtocol;
}

/** A service that is not here and does not say its protocol speaks REST with JSON, as all but the oldest ones do. */
export function unknownServiceProtocol(headers: IncomingHttpHeaders): Protocol {
  const likely = protocolBy(headers);
  return likely === xmlProtocol ? jsonProtocol({}, 'json-1.1') : likely;
}
