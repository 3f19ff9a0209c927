import { html } from '../core/text/html.ts';
import { stranger, type Viewer } from '../core/visibility/viewer.ts';
import type { Answer } from './answer.ts';
import { accountPlace } from './pages/layout.ts';

/** Who is signed in, at the foot of a page; for a stranger where to sign in. Pages themselves are the same for everybody who sees the same. */
export function withAccount(answer: Answer, viewer: Viewer, address: string, hasLogin: boolean): Answer {
  if (typeof answer.body !== 'string' || !answer.headers['content-type']?.startsWith('text/html')) return answer;
  const { email } = viewer;
  const account =
    viewer === stranger
      ? html` · <a href="/login?${new URLSearchParams({ to: address }).toString()}">Sign in</a>`
      : html` · <form class="account" method="post" action="/logout">${email ?? 'Signed in'} <button>Sign out</button></form>`;
  return { ...answer, body: answer.body.replace(accountPlace.toString(), () => (hasLogin ? account.toString() : '')) };
}
