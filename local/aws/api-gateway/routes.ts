export interface Route {
  /** `POST /webhooks/github`, `ANY /{proxy+}`, `$default` */
  key: string;
  /** Only a caller whom IAM allows it gets through. */
  isSigned: boolean;
  functionArn: string;
  timeoutMilliseconds: number;
}

export interface RouteMatch {
  route: Route;
  parameters: Record<string, string>;
}

interface Pattern {
  route: Route;
  method: string;
  segments: string[];
}

/**
 * Finds the route of a request: a full match wins over one with path variables, that over a greedy one, `$default` comes last;
 * of two equal paths the one that names the method wins.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
 */
export function createRouter(routes: Route[]): (method: string, path: string) => RouteMatch | undefined {
  const fallback = routes.find(({ key }) => key === '$default');
  const patterns = routes.filter((route) => route !== fallback).map(patternOf);
  patterns.sort(bySpecificity);
  return (method, path) => {
    const parts = segmentsOf(path);
    for (const pattern of patterns) {
      if (pattern.method !== 'ANY' && pattern.method !== method) continue;
      const parameters = matchSegments(pattern.segments, parts);
      if (parameters) return { route: pattern.route, parameters };
    }
    return fallback && { route: fallback, parameters: {} };
  };
}

function patternOf(route: Route): Pattern {
  const [method = '', path = ''] = route.key.split(' ');
  return { route, method, segments: segmentsOf(path) };
}

function segmentsOf(path: string): string[] {
  return path.split('/').slice(1);
}

function bySpecificity(left: Pattern, right: Pattern): number {
  const length = Math.max(left.segments.length, right.segments.length);
  for (let index = 0; index < length; index++) {
    const difference = rank(left.segments[index]) - rank(right.segments[index]);
    if (difference !== 0) return difference;
  }
  return Number(left.method === 'ANY') - Number(right.method === 'ANY');
}

function rank(segment: string | undefined): number {
  if (segment === undefined) return 3;
  if (/^\{.+\+\}$/.test(segment)) return 2;
  return segment.startsWith('{') ? 1 : 0;
}

function matchSegments(pattern: string[], parts: string[]): Record<string, string> | undefined {
  const parameters: Record<string, string> = {};
  for (const [index, segment] of pattern.entries()) {
    const [, name, greedy] = /^\{(.+?)(\+)?\}$/.exec(segment) ?? [];
    const part = parts[index];
    if (part === undefined) return undefined;
    if (name === undefined) {
      if (segment !== part) return undefined;
      continue;
    }
    const value = greedy === undefined ? part : parts.slice(index).join('/');
    if (value === '') return undefined;
    parameters[name] = value;
    if (greedy !== undefined) return parameters;
  }
  return pattern.length === parts.length ? parameters : undefined;
}
