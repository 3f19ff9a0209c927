/**
 * The calls of AWS of one build that is released, by the unit that is paid for, as counted on one machine: `npm run bench -- control-plane`
 * counts them again. A write of a build counts for each kilobyte and index of its table, a read once, whatever its size.
 */
export const usualCalls = {
  functionCall: 15,
  tableWrite: 200,
  tableRead: 45,
  objectWrite: 32,
  objectRead: 34,
  queueRequest: 6,
  event: 1,
  signature: 5,
} as const;
