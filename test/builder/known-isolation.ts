import { cpSync, existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { inject } from 'vitest';

const kept = () => join(dirname(inject('builder')), 'isolation');
const knownIn = (home: string) => join(home, '.cache', 'slipway', 'containers');

/** Gives a new home what an earlier one found out of this machine, so that not each of them builds an image on trial. */
export function bringIsolation(home: string): void {
  if (existsSync(kept())) cpSync(kept(), knownIn(home), { recursive: true });
}

/** Keeps what a home found out. */
export function keepIsolation(home: string): void {
  if (!existsSync(knownIn(home))) return;
  for (const name of readdirSync(knownIn(home)).filter((each) => /^isolation-.*\.json$/.test(each))) {
    mkdirSync(kept(), { recursive: true });
    const whole = join(kept(), `${process.pid}.part`);
    cpSync(join(knownIn(home), name), whole);
    renameSync(whole, join(kept(), name));
  }
}
