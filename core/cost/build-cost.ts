import { type Build, type StageName, stageNames } from '../model/build.ts';
import type { BuildCost } from '../model/build-cost.ts';
import { buildMinute, type ComputeType, prices, pricesReadOn } from './prices.ts';
import { usualCalls } from './usual-calls.ts';

/** How many states of the machine each stage passes through, and those of every build besides. */
const transitions: Record<StageName | 'always', number> = {
  build: 4,
  scan: 1,
  judge: 2,
  sign: 1,
  release: 2,
  tell: 1,
  always: 3,
};

/** The memory of the functions that are states of the machine. */
const functionGigabytes = 0.5;

type Ended = Pick<Build, 'stages' | 'waiting' | 'candidate' | 'platforms' | 'notifyEmail'>;

/**
 * What a build costs on AWS. The time of its machine, the time of each stage and the size of its image are measured; the calls are those
 * that a build usually makes. The time of a stage counts as the time of its function, which is a little less.
 */
export function costOf(
  { stages, waiting, candidate, platforms = [], notifyEmail }: Ended,
  computeType: ComputeType,
): BuildCost {
  const begun = stageNames.filter((name) => stages[name] !== undefined);
  const seconds = (name: StageName) => {
    const { startedAt, endedAt } = stages[name] ?? {};
    return startedAt === undefined || endedAt === undefined ? 0 : (Date.parse(endedAt) - Date.parse(startedAt)) / 1000;
  };
  // A machine that only finds its base image missing ends within its first minute.
  const earlierRuns = waiting?.for === 'base' ? waiting.times : 0;
  // Each platform has a machine, and that of the slowest counts for all.
  const machines = Math.max(1, platforms.length);
  const minutes = machines * (Math.ceil(seconds('build') / 60) + earlierRuns);
  const states = transitions.always + begun.reduce((sum, name) => sum + transitions[name], 0);
  const inFunctions = begun.filter((name) => name !== 'build').reduce((sum, name) => sum + seconds(name), 0);
  const share = begun.length / stageNames.length;
  const control =
    states * prices.transition.usd +
    functionGigabytes * inFunctions * prices.functionGigabyteSecond.usd +
    share * callsUsd() +
    notifyEmail.length * prices.mail.usd;
  return {
    machineUsd: rounded(minutes * buildMinute[computeType].usd),
    controlUsd: rounded(control),
    storageUsdPerMonth: rounded(((machines * (candidate?.sizeBytes ?? 0)) / 1e9) * prices.imageGigabyteMonth.usd),
    pricesOf: pricesReadOn,
  };
}

/** The calls of a build that goes through all stages. */
function callsUsd(): number {
  return (Object.keys(usualCalls) as (keyof typeof usualCalls)[]).reduce(
    (sum, name) => sum + usualCalls[name] * prices[name].usd,
    0,
  );
}

/** To a millionth of a dollar. */
const rounded = (usd: number): number => Math.round(usd * 1e6) / 1e6;
