import { type Html, html } from '../../core/text/html.ts';
import { assetPaths } from '../assets/assets.ts';

/** A page above another. */
export type Step = readonly [path: string, name: string];

export interface Layout {
  title: string;
  /** What a chat or a search shows below a link to the page. */
  description?: string;
  /** The same as JSON. */
  api?: string;
  /** The path of an Atom feed of what the page lists. */
  feed?: string;
  /** True while the page's content may still change: the script updates it, or without scripts the browser reloads it. */
  live?: boolean;
  /** The part of the site that it is in, by its path. */
  here?: string;
  /** The pages above this one, the nearest last. */
  trail?: readonly Step[];
  /** What was searched for. */
  search?: string;
  main: Html;
}

/** Where `site/account.ts` writes who is signed in. */
export const accountPlace = html`<span id="account"></span>`;

const parts = [
  ['/', 'Builds'],
  ['/projects', 'Projects'],
  ['/cascades', 'Cascades'],
] as const;

export function layout({
  title,
  description,
  api,
  feed,
  live = false,
  here,
  trail = [],
  search = '',
  main,
}: Layout): Html {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} · Slipway</title>
<meta property="og:title" content="${title}">
${description && html`<meta property="og:description" name="description" content="${description}">`}
<meta property="og:site_name" content="Slipway">
<meta property="og:type" content="website">
${feed && html`<link rel="alternate" type="application/atom+xml" title="${title}" href="${feed}">`}
<link rel="icon" href="${assetPaths.icon}" type="image/svg+xml">
<link rel="stylesheet" href="${assetPaths.style}">
<script src="${assetPaths.script}" defer></script>
${live && html`<noscript><meta http-equiv="refresh" content="5"></noscript>`}
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header class="top"><div class="wide">
<a class="brand" href="/"><svg viewBox="0 0 32 32" aria-hidden="true"><path d="M4 22 28 12v4L4 26z"/><path d="M8 8h6v6H8zM16 5h6v6h-6z"/></svg>Slipway</a>
<nav aria-label="Site">${parts.map(([path, name]) => html`<a href="${path}"${path === here && html` aria-current="page"`}>${name}</a>`)}</nav>
<form role="search" aria-label="All of the site" action="/search"><label class="unseen" for="q">Search</label><input id="q" type="search" name="q" value="${search}" maxlength="300" placeholder="Project, commit, digest, tag"></form>
</div></header>
<main id="main" class="wide" data-live="${live ? 'yes' : 'no'}">
${trail.length > 0 && html`<nav class="trail" aria-label="Above this page">${trail.map(([path, name], at) => html`${at > 0 && html` <span aria-hidden="true">/</span> `}<a href="${path}">${name}</a>`)}</nav>`}
${main}
<p id="announcement" class="unseen" aria-live="polite"></p>
</main>
<footer class="wide">${api && html`<a href="${api}">This page as JSON</a> · `}${feed && html`<a href="${feed}">As a feed</a> · `}<a href="/costs">Costs</a>${accountPlace}</footer>
</body>
</html>
`;
}

/** The link to the older entries of a list. */
export function pager(path: string, query: URLSearchParams, cursor: string | null): Html {
  const older = new URLSearchParams(query);
  if (cursor) older.set('cursor', cursor);
  const newest = new URLSearchParams(query);
  newest.delete('cursor');
  return html`<nav class="pager" aria-label="Pages">
${query.has('cursor') && html`<a href="${address(path, newest)}">← First page</a>`}
${cursor && html`<a rel="next" href="${address(path, older)}">Next page →</a>`}
</nav>`;
}

export function address(path: string, query: URLSearchParams): string {
  const text = query.toString();
  return text ? `${path}?${text}` : path;
}
