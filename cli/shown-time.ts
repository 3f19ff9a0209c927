const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/** How long ago a time is, as a table has room for it. */
export function ago(time: string, now: Date): string {
  const passed = Math.max(0, now.getTime() - Date.parse(time));
  if (passed < minute) return `${Math.floor(passed / 1000)}s ago`;
  if (passed < hour) return `${Math.floor(passed / minute)}m ago`;
  if (passed < 2 * day) return `${Math.floor(passed / hour)}h ago`;
  return `${Math.floor(passed / day)}d ago`;
}
