import calculator from 'ae-cvss-calculator';

export interface BaseScore {
  version: 2 | 3 | 4;
  score: number;
}

/** Of the base metrics alone: what is known of a threat or an environment would lower the score for one user's image only. */
const specifications = [
  {
    prefix: 'CVSS:4.0/',
    version: 4,
    score: (vector: string) => scoresOf(new calculator.Cvss4P0(vector))?.baseMetricsOnly,
  },
  { prefix: 'CVSS:3.1/', version: 3, score: (vector: string) => scoresOf(new calculator.Cvss3P1(vector))?.base },
  { prefix: 'CVSS:3.0/', version: 3, score: (vector: string) => scoresOf(new calculator.Cvss3P0(vector))?.base },
  // Vectors of version 2 have no prefix.
  { prefix: '', version: 2, score: (vector: string) => scoresOf(new calculator.Cvss2(vector))?.base },
] as const;

/** The base score of a CVSS vector of any version; undefined for one that is none. https://www.first.org/cvss/ */
export function baseScore(text: string): BaseScore | undefined {
  const vector = text.trim();
  const metrics = vector.split('/').map((part) => part.split(':')[0]);
  // The specification allows each metric once; of two the library would take the last.
  if (new Set(metrics).size < metrics.length) return undefined;
  const specification = specifications.find(({ prefix }) => vector.startsWith(prefix));
  try {
    const score = specification?.score(vector);
    return specification && score !== undefined ? { version: specification.version, score } : undefined;
  } catch {
    // The library throws plain errors at whatever is not a vector.
    return undefined;
  }
}

function scoresOf<Scores>(vector: { isBaseFullyDefined(): boolean; calculateScores(): Scores }): Scores | undefined {
  return vector.isBaseFullyDefined() ? vector.calculateScores() : undefined;
}
