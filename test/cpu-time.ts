/** What this thread has computed until now, in milliseconds: other than the clock, it does not depend on what else the machine does. */
export function cpuTime(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
