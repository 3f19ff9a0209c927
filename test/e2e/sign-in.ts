import type { MachineFacts } from './machine.ts';

/** Signs somebody in as a browser does; gives the cookie of the session. */
export async function signIn(
  { url, password }: Pick<MachineFacts, 'url' | 'password'>,
  email: string,
): Promise<string> {
  const follow = async (address: string, init: RequestInit = {}) => {
    const answer = await fetch(address, { redirect: 'manual', ...init });
    const [cookie] = answer.headers.getSetCookie();
    return {
      status: answer.status,
      location: answer.headers.get('location') ?? '',
      cookie: cookie?.split(';')[0] ?? '',
    };
  };
  const begun = await follow(`${url}/login?to=/projects`);
  const allowed = await follow(begun.location, { method: 'POST', body: new URLSearchParams({ email, password }) });
  const { status, location, cookie } = await follow(allowed.location, { headers: { cookie: begun.cookie } });
  if (status !== 303 || location !== `${url}/projects`)
    throw new Error(`The sign-in ended with ${status} ${location}.`);
  return cookie;
}
