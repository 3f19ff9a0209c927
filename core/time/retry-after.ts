/** The longest pause that is followed: the length of Docker Hub's rate limit window. */
const longestMilliseconds = 6 * 60 * 60_000;

/**
 * When a host that limits the rate of requests allows the next one: the header `Retry-After`, in seconds or as a date. Docker Hub also writes
 * it as a time in seconds since 1970. Undefined if the host does not say. https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
 */
export function retryAfter(header: string | null, now: Date): string | undefined {
  if (header === null || header.trim() === '') return undefined;
  const number = Number(header);
  const at = Number.isNaN(number) ? Date.parse(header) : number > 1e9 ? number * 1000 : now.getTime() + number * 1000;
  if (Number.isNaN(at) || at < now.getTime()) return undefined;
  return new Date(Math.min(at, now.getTime() + longestMilliseconds)).toISOString();
}
