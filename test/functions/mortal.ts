/** What a process is told that dies in the middle of its work. */
export class Death extends Error {
  override readonly name = 'Death';
}

/** Stands for a process that can be killed at any of its calls of the world outside. */
export interface Mortal {
  /** The service as the process sees it. */
  guard<Service extends object>(service: Service): Service;
  /** Dies at the call of this number from now on, from 1: before the call is made, or when it is done and before its answer is seen. */
  dieAt(call: number, moment: 'before' | 'after'): void;
  /** A new process takes the place of the dead one, and lives. */
  revive(): void;
}

export function createMortal(): Mortal {
  let calls = 0;
  let last: { call: number; moment: 'before' | 'after' } | undefined;
  let isDead = false;

  async function outside(call: () => unknown): Promise<unknown> {
    calls += 1;
    const isLast = calls === last?.call;
    // The dead do nothing any more, whatever the code does with its errors.
    if (isDead || (isLast && last?.moment === 'before')) {
      isDead = true;
      throw new Death();
    }
    const answer = await call();
    if (isLast) isDead = true;
    if (isDead) throw new Death();
    return answer;
  }

  return {
    guard: (service) =>
      new Proxy(service, {
        get(target, property) {
          const member: unknown = Reflect.get(target, property);
          if (typeof member !== 'function') return member;
          return (...values: unknown[]) => outside(() => member.apply(target, values));
        },
      }),
    dieAt(call, moment) {
      calls = 0;
      last = { call: calls + call, moment };
    },
    revive() {
      isDead = false;
      last = undefined;
    },
  };
}

/**
 * Kills a process after every call that it makes, which is also before the next one; each time it runs again, in a world of its own.
 */
export async function atEveryDeath(
  attempt: (mortal: Mortal) => Promise<{ run: () => Promise<unknown>; check: () => Promise<void> }>,
) {
  let isKilled = true;
  for (let call = 1; isKilled; call++) {
    const mortal = createMortal();
    const { run, check } = await attempt(mortal);
    mortal.dieAt(call, 'after');
    isKilled = await run().then(
      () => false,
      (error: unknown) => {
        if (error instanceof Death) return true;
        throw error;
      },
    );
    // It got through without a death: every call has had its turn.
    if (!isKilled && call <= 2) throw new Error('It made no calls that could kill it.');
    mortal.revive();
    await run();
    await check().catch((cause: unknown) => {
      throw new Error(`It died after call ${call} and ran again: ${(cause as Error).message}`, { cause });
    });
  }
}
