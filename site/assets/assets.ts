import { createHash } from 'node:crypto';
import { type Answer, caching } from '../answer.ts';
import { follow } from './follow.ts';
import { style } from './style.ts';

const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><style>path{fill:#1a56c4}@media(prefers-color-scheme:dark){path{fill:#7fb0ff}}</style><path d="M4 22 28 12v4L4 26z"/><path d="M8 8h6v6H8zM16 5h6v6h-6z"/></svg>
`;

/** The path of each file: it changes with the content, so browsers may cache the file for ever. */
export const assetPaths = {
  style: assetPath('site', 'css', style),
  script: assetPath('follow', 'js', follow),
  icon: assetPath('icon', 'svg', icon),
} as const;

const assets: Record<string, { type: string; body: string }> = {
  [assetPaths.style]: { type: 'text/css; charset=utf-8', body: style },
  [assetPaths.script]: { type: 'text/javascript; charset=utf-8', body: follow },
  [assetPaths.icon]: { type: 'image/svg+xml', body: icon },
};

export function asset(path: string): Answer | undefined {
  const file =
    path === '/favicon.ico' ? assets[assetPaths.icon] : Object.hasOwn(assets, path) ? assets[path] : undefined;
  if (!file) return undefined;
  const headers: Record<string, string> = {
    'content-type': file.type,
    'cache-control': path === '/favicon.ico' ? caching.revalidated : caching.forever,
  };
  // The icon's colour for dark pages has its own style element.
  if (file.type === 'image/svg+xml')
    headers['content-security-policy'] = "default-src 'none'; style-src 'unsafe-inline'";
  return { status: 200, headers, body: file.body };
}

function assetPath(name: string, extension: string, content: string): string {
  return `/assets/${name}.${createHash('sha256').update(content).digest('hex').slice(0, 10)}.${extension}`;
}
