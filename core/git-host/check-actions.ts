/** A button at a check run. */
export interface CheckAction {
  /** At most 20 characters. */
  label: string;
  /** At most 40 characters. */
  description: string;
  identifier: string;
}

/** Lets the commit of a fork be built. */
export const approveAction: CheckAction = {
  label: 'Approve',
  description: 'Build this commit of a fork',
  identifier: 'approve',
};

export const pullRequestCheck = (number: number): string => `pull-request ${number}`;

/** The number of the pull request that a check run is of; undefined if it is of something else. */
export function pullRequestOfCheck(id: string): number | undefined {
  const digits = /^pull-request ([1-9]\d{0,8})$/.exec(id)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
