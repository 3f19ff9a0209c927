import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { AwsError } from '../service.ts';

const tokenSchema = z.strictObject({ machine: z.string(), task: z.string() });

/**
 * The tasks that wait until a call brings their token. They are in memory only: after a restart the state is entered again, and its task
 * gets another token.
 */
export function createTaskTokens() {
  const waiting = new Map<string, (output: unknown) => void>();
  return {
    /** Opaque to whoever gets it, as Step Functions' own. */
    issue: (machine: string): string =>
      Buffer.from(JSON.stringify({ machine, task: randomUUID() })).toString('base64url'),

    /** @throws AwsError `InvalidToken` */
    machineOf(token: string): string {
      try {
        return tokenSchema.parse(JSON.parse(Buffer.from(token, 'base64url').toString())).machine;
      } catch {
        throw new AwsError('InvalidToken', "Invalid Token: 'Invalid token'");
      }
    },

    /** The output that comes with the token. It stops waiting with the signal. */
    answerTo(token: string, signal: AbortSignal): Promise<unknown> {
      return new Promise((resolve) => {
        waiting.set(token, resolve);
        signal.addEventListener('abort', () => waiting.delete(token), { once: true });
      });
    },

    /** @throws AwsError `TaskTimedOut` */
    succeed(token: string, output: unknown): void {
      const settle = waiting.get(token);
      if (settle === undefined)
        throw new AwsError('TaskTimedOut', "Task Timed Out: 'Provided task does not exist anymore'");
      waiting.delete(token);
      settle(output);
    },
  };
}

export type TaskTokens = ReturnType<typeof createTaskTokens>;
