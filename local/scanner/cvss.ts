/**
 * The base score of a CVSS vector of version 2 or 3; undefined for one that is none, or is of another version.
 * https://www.first.org/cvss/v3.1/specification-document#7-4-Metric-Values
 */
export function baseScore(vector: string): { version: 2 | 3; score: number } | undefined {
  const metrics = new Map(vector.split('/').map((part) => [part.split(':')[0], part.split(':')[1]]));
  const score = /^CVSS:3\.[01]\//.test(vector) ? scoreOf3(metrics) : scoreOf2(metrics);
  if (score === undefined) return undefined;
  return { version: vector.startsWith('CVSS:3') ? 3 : 2, score };
}

type Metrics = Map<string | undefined, string | undefined>;

function scoreOf3(metrics: Metrics): number | undefined {
  const changed = metrics.get('S') === 'C';
  const privileges = changed ? { N: 0.85, L: 0.68, H: 0.5 } : { N: 0.85, L: 0.62, H: 0.27 };
  const impactWeights = { H: 0.56, L: 0.22, N: 0 };
  const [av, ac, pr, ui, c, i, a] = [
    weight(metrics.get('AV'), { N: 0.85, A: 0.62, L: 0.55, P: 0.2 }),
    weight(metrics.get('AC'), { L: 0.77, H: 0.44 }),
    weight(metrics.get('PR'), privileges),
    weight(metrics.get('UI'), { N: 0.85, R: 0.62 }),
    ...['C', 'I', 'A'].map((metric) => weight(metrics.get(metric), impactWeights)),
  ];
  if (av === undefined || ac === undefined || pr === undefined || ui === undefined) return undefined;
  if (c === undefined || i === undefined || a === undefined) return undefined;
  const base = 1 - (1 - c) * (1 - i) * (1 - a);
  const impact = changed ? 7.52 * (base - 0.029) - 3.25 * (base - 0.02) ** 15 : 6.42 * base;
  if (impact <= 0) return 0;
  const exploitability = 8.22 * av * ac * pr * ui;
  return roundUp(Math.min((changed ? 1.08 : 1) * (impact + exploitability), 10));
}

/** Appendix A of the specification: the next tenth, without the faults of floating point. */
function roundUp(value: number): number {
  const integer = Math.round(value * 100_000);
  return integer % 10_000 === 0 ? integer / 100_000 : (Math.floor(integer / 10_000) + 1) / 10;
}

/** https://www.first.org/cvss/v2/guide#3-2-1-Base-Equation */
function scoreOf2(metrics: Metrics): number | undefined {
  const impactWeights = { N: 0, P: 0.275, C: 0.66 };
  const [av, ac, au, c, i, a] = [
    weight(metrics.get('AV'), { L: 0.395, A: 0.646, N: 1 }),
    weight(metrics.get('AC'), { H: 0.35, M: 0.61, L: 0.71 }),
    weight(metrics.get('Au'), { M: 0.45, S: 0.56, N: 0.704 }),
    ...['C', 'I', 'A'].map((metric) => weight(metrics.get(metric), impactWeights)),
  ];
  if (av === undefined || ac === undefined || au === undefined) return undefined;
  if (c === undefined || i === undefined || a === undefined) return undefined;
  const impact = 10.41 * (1 - (1 - c) * (1 - i) * (1 - a));
  const exploitability = 20 * av * ac * au;
  return Math.round((0.6 * impact + 0.4 * exploitability - 1.5) * (impact === 0 ? 0 : 1.176) * 10) / 10;
}

function weight(value: string | undefined, weights: Record<string, number>): number | undefined {
  return value !== undefined && Object.hasOwn(weights, value) ? weights[value] : undefined;
}
