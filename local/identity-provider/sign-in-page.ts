import { html, htmlPage } from '../page.ts';

interface SignIn {
  email?: string;
  groups?: string;
  /** Why it is asked again. */
  reason?: string;
}

/** The form by which somebody says who they are. */
export function signInPage({ email = '', groups = '', reason }: SignIn): string {
  return htmlPage(
    'Sign in',
    html`<p>On this machine, whoever has its password may be anybody.</p>
${reason === undefined ? '' : html`<p class="bad" role="alert">${reason}</p>`}
<form method="post">
<p><label>Mail address <input name="email" type="email" required autocomplete="username" value="${email}"></label></p>
<p><label>Groups <input name="groups" value="${groups}"></label></p>
<p><label>Password <input name="password" type="password" required autocomplete="current-password"></label></p>
<p><button>Sign in</button></p>
</form>`,
  );
}
