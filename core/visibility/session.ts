import * as z from 'zod';
import type { Viewer } from './viewer.ts';

/** The purpose that a session is sealed for (services/aws/seals.ts), so that nobody can forge one, or read whose it is. */
export const sessionPurpose = 'session';
/** Long enough for a day's work. Somebody who leaves a group still sees its projects for this long. */
export const sessionHours = 8;
/** Browsers keep no longer cookie: https://www.rfc-editor.org/rfc/rfc6265#section-6.1 */
const longestCookie = 3800;

const sessionSchema = z.object({ email: z.string().optional(), groups: z.array(z.string()), until: z.iso.datetime() });

export type Session = z.infer<typeof sessionSchema>;

/** The name of the cookie. With the prefix, a browser takes it from this host alone, by https: https://www.rfc-editor.org/rfc/rfc6265bis */
export function cookieName(siteUrl: string, what: 'session' | 'login'): string {
  return siteUrl.startsWith('https:') ? `__Host-slipway-${what}` : `slipway-${what}`;
}

/** A cookie that scripts cannot read, and that the browser sends from another site only when somebody follows a link. */
export function cookie(siteUrl: string, what: 'session' | 'login', value: string, seconds: number): string {
  const secure = siteUrl.startsWith('https:') ? '; Secure' : '';
  return `${cookieName(siteUrl, what)}=${value}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Lax${secure}`;
}

export function cookieOf(cookies: readonly string[] | undefined, siteUrl: string, what: 'session' | 'login') {
  const start = `${cookieName(siteUrl, what)}=`;
  return cookies?.find((each) => each.startsWith(start))?.slice(start.length);
}

export function fitsCookie(value: string): boolean {
  return value.length <= longestCookie;
}

/** The person a session belongs to; undefined if the text is not a session, or the session has ended. */
export function readSession(text: string, operators: readonly string[], now: Date): Viewer | undefined {
  const { data } = sessionSchema.safeParse(JSON.parse(text));
  if (!data || data.until <= now.toISOString()) return undefined;
  const { email, groups } = data;
  const isOperator = operators.some((each) => each.toLowerCase() === email);
  return { email, groups, seesAll: email !== undefined && isOperator };
}

/** Only a path of this site: what follows a sign-in must not lead elsewhere. */
export function pathAfter(wanted: string | undefined): string {
  return wanted !== undefined && wanted.length <= 1000 && /^\/(?![/\\])[^\p{Cc}]*$/u.test(wanted) ? wanted : '/';
}
