import * as z from 'zod';

/** The key `app-ids` of a stored credential, whose entries may use it: none where it is absent, all with `*`. */
export const openToSchema = z.array(z.string()).optional();

/** No app-id is called so. */
const everybody = '*';

export function isOpenTo(owners: z.infer<typeof openToSchema>, appIds: Iterable<string>): boolean {
  return owners !== undefined && (owners.includes(everybody) || [...appIds].some((appId) => owners.includes(appId)));
}
