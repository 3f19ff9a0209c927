import * as z from 'zod';
import { InvalidInputError } from '../../core/model/errors.ts';

/** The stack does not have what a check needs. */
export class NotDeployedError extends Error {
  override readonly name = 'NotDeployedError';
}

export const checkResultSchema = z.object({
  name: z.string(),
  /**
   * `warning`: it works, but not for long or not for everybody. `unknown`: there is nothing yet that would show it, or it may not be read.
   * `not-applicable`: the endpoint is not AWS, and has no such thing.
   */
  state: z.enum(['ok', 'warning', 'wrong', 'unknown', 'not-applicable']),
  text: z.string(),
  /** What to do about it: a command, or a sentence. */
  fix: z.string().optional(),
});

export type NamedCheckResult = z.infer<typeof checkResultSchema>;
/** What a check or a probe found in the account. */
export type CheckResult = Omit<NamedCheckResult, 'name'>;

export const ok = (text: string): CheckResult => ({ state: 'ok', text });
export const warning = (text: string, fix: string): CheckResult => ({ state: 'warning', text, fix });
export const wrong = (text: string, fix?: string): CheckResult => ({ state: 'wrong', text, fix });
export const unknown = (text: string, fix?: string): CheckResult => ({ state: 'unknown', text, fix });

/** Several results of one kind as one: as bad as the worst of them, with all that is not in order. */
export function together(results: readonly CheckResult[]): CheckResult {
  const worst = (['wrong', 'warning', 'unknown'] as const).find((each) => results.some(({ state }) => state === each));
  const shown = worst === undefined ? results : results.filter(({ state }) => state !== 'ok');
  const fixes = [...new Set(shown.flatMap(({ fix }) => fix ?? []))];
  const fix = fixes.length > 0 ? fixes.join('; ') : undefined;
  return { state: worst ?? 'ok', text: shown.map(({ text }) => text).join(' '), fix };
}

/** Whether calls go to a substitute for AWS, which lacks much of it. */
export const isElsewhere = (): boolean => process.env.AWS_ENDPOINT_URL !== undefined;

const errorSchema = z.object({ name: z.string(), message: z.string() });

/** Runs a check. That something may not be read, or is not there on one machine, is a result too. */
export async function named(name: string, check: () => Promise<CheckResult>): Promise<NamedCheckResult> {
  try {
    return { name, ...(await check()) };
  } catch (error) {
    const { name: code, message } = errorSchema.safeParse(error).data ?? { name: 'Error', message: String(error) };
    if (/^One machine has no /.test(message)) return { name, state: 'not-applicable', text: message };
    if (error instanceof InvalidInputError) return { name, state: 'wrong', text: message };
    if (error instanceof NotDeployedError) return { name, state: 'unknown', text: message };
    if (/^AccessDenied|NotAuthorized/.test(code)) {
      return {
        name,
        state: 'unknown',
        text: `It may not be read: ${message}`,
        fix: 'Call it with the rights of an operator.',
      };
    }
    const [reason = ''] = message.split(' Deserialization error');
    if (isElsewhere())
      return { name, state: 'not-applicable', text: 'The endpoint is not AWS, and does not know this.' };
    return { name, state: 'unknown', text: `It cannot be read: ${code}: ${reason}` };
  }
}
