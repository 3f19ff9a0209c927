const characters: Record<string, string> = { '&quot;': '"', '&#39;': "'", '&lt;': '<', '&gt;': '>', '&amp;': '&' };

/** What the page of `slipway github-app create` sends, and where to, as a browser reads it. */
export function manifestForm(page: string): { action: string; manifest: string } {
  const decoded = (attribute: RegExp) =>
    (attribute.exec(page)?.[1] ?? '').replace(/&[^;]+;/g, (entity) => characters[entity] ?? entity);
  return { action: decoded(/action="([^"]*)"/), manifest: decoded(/name="manifest" value="([^"]*)"/) };
}
