/** What a call of a process throws that has crashed in the middle of its work. */
export class Crash extends Error {
  override readonly name = 'Crash';
}

/**
 * Methods that change nothing: a crash after one leaves what a crash after the call before it leaves, so that they are no points to crash
 * at. A name that is missing here costs time; one that changes something would hide a crash.
 */
const questions =
  /^(?:get|getMany|getWithTokens|require|list|listJobs|all|first|ofMany|ofProject|withStatus|withDigest|indexesOf|bySource|declaredFor|due|summary|members|waiting|answerTo|header|cancelledAmong|openMembers|parentOf|recipientsOf|running|request|result|steps|scan|scanners|comparison|releaseFindings|status)$/;

/** A process that can crash at any of its calls to services that may change something. */
export interface CrashPoints {
  /** The service as the process sees it. */
  guard<Service extends object>(service: Service): Service;
  /** Crashes at the call of this number from now on, from 1: before the call is made, or when it is done and before its answer is seen. */
  crashAt(call: number, moment: 'before' | 'after'): void;
  /** A new process takes the place of the crashed one. */
  restart(): void;
}

export function createCrashPoints(): CrashPoints {
  let calls = 0;
  let last: { call: number; moment: 'before' | 'after' } | undefined;
  let isDown = false;

  async function outside(call: () => unknown, isQuestion: boolean): Promise<unknown> {
    if (!isQuestion) calls += 1;
    const isLast = !isQuestion && calls === last?.call;
    // It does nothing any more, whatever the code does with its errors.
    if (isDown || (isLast && last?.moment === 'before')) {
      isDown = true;
      throw new Crash();
    }
    const answer = await call();
    if (isLast) isDown = true;
    if (isDown) throw new Crash();
    return answer;
  }

  return {
    guard: (service) =>
      new Proxy(service, {
        get(target, property) {
          const member: unknown = Reflect.get(target, property);
          if (typeof member !== 'function') return member;
          const isQuestion = questions.test(String(property));
          return (...values: unknown[]) => outside(() => member.apply(target, values), isQuestion);
        },
      }),
    crashAt(call, moment) {
      calls = 0;
      last = { call: calls + call, moment };
    },
    restart() {
      isDown = false;
      last = undefined;
    },
  };
}

/**
 * Crashes a process after every call that it makes, which is also before the next one; each time it runs again, on services of its own.
 */
export async function atEveryCrashPoint(
  attempt: (crashes: CrashPoints) => Promise<{ run: () => Promise<unknown>; check: () => Promise<void> }>,
) {
  let isKilled = true;
  for (let call = 1; isKilled; call++) {
    const crashes = createCrashPoints();
    const { run, check } = await attempt(crashes);
    crashes.crashAt(call, 'after');
    isKilled = await run().then(
      () => false,
      (error: unknown) => {
        if (error instanceof Crash) return true;
        throw error;
      },
    );
    // It got through without a crash: every call has had its turn.
    if (!isKilled && call === 1) throw new Error('It made no calls that could crash it.');
    crashes.restart();
    await run();
    await check().catch((cause: unknown) => {
      throw new Error(`It crashed after call ${call} and ran again: ${(cause as Error).message}`, { cause });
    });
  }
}
