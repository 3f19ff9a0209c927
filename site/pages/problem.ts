import { type Html, html } from '../../core/text/html.ts';
import { layout } from './layout.ts';

/** The page for a request that failed: what is wrong, and links to go on. */
export function problemPage(status: number, message: string): Html {
  const title = titles[status] ?? 'This did not work';
  return layout({
    title,
    main: html`<h1>${title}</h1>
<p>${message}</p>
<p>${isPassing(status) && html`<a href="">Try again</a> · `}<a href="/">All builds</a> · <a href="/projects">All projects</a></p>`,
  });
}

const titles: Record<number, string> = {
  400: 'This address is not right',
  404: 'Nothing here',
  405: 'This cannot be done here',
  500: 'Something broke on our side',
  503: 'Too much to do just now',
};

/** The same address, which an empty link means, may answer in a moment. */
const isPassing = (status: number): boolean => status >= 500;
