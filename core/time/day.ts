const milliseconds = 86_400_000;

/** The day of a moment, in UTC: `2026-11-21`. */
export function dayOf(moment: Date): string {
  return moment.toISOString().slice(0, 10);
}

/** The day a number of days after another; before it for a negative number. */
export function daysAfter(day: string, days: number): string {
  return dayOf(new Date(Date.parse(day) + days * milliseconds));
}
