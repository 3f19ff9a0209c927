import { variable } from '../../services/environment.ts';
import { createPublicFetch, type PublicFetch } from '../../services/http/public-fetch.ts';

/** What fetches from hosts that strangers name, for the functions that do. */
export function openPublicFetch(): PublicFetch {
  return createPublicFetch({ privateHosts: JSON.parse(variable('PRIVATE_HOSTS')) as string[] });
}
