/** Lists of past events are stored by month, `2026-11` in UTC, and go back one year. */
export const monthsListed = 12;

export function monthOf(date: Date, monthsBefore = 0): string {
  return new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() - monthsBefore)).toISOString().slice(0, 7);
}

export function monthBefore(month: string): string {
  return monthOf(new Date(`${month}-01T00:00:00Z`), 1);
}
