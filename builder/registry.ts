import { setTimeout as delay } from 'node:timers/promises';
import {
  type AskRegistry,
  createImageDigests,
  type Registry,
  type RegistryAnswer,
  RegistryUnavailableError,
} from '../services/image-digests.ts';

const patience = 15_000;
const attempts = 3;

/**
 * The digest of a tag, or of a digest that is there; undefined when the registry has no such image (or shows it to no stranger).
 * A build is worth a second try where the registry is out of order for a moment.
 * @throws RegistryUnavailableError
 */
export function manifestDigest(
  registry: Registry,
  repository: string,
  version: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  return createImageDigests(askPatiently(signal))(registry, repository, version);
}

function askPatiently(signal: AbortSignal): AskRegistry {
  return async function ask(url, { method, headers }) {
    for (let attempt = 1; ; attempt += 1) {
      const answer = await fetch(url, {
        method,
        headers,
        signal: AbortSignal.any([signal, AbortSignal.timeout(patience)]),
      }).catch((error: unknown) => {
        signal.throwIfAborted();
        return new RegistryUnavailableError(reasonOf(error));
      });
      const isTransient = answer instanceof Error || answer.status >= 500 || answer.status === 429;
      if (!isTransient) return readable(answer);
      if (attempt === attempts || isFinal(answer)) {
        if (answer instanceof Error) throw answer;
        throw new RegistryUnavailableError(
          answer.status === 429
            ? 'it says that it was asked too often'
            : `it answered ${answer.status} ${answer.statusText}`.trim(),
        );
      }
      await delay(250 * 2 ** attempt, undefined, { signal });
    }
  };
}

function readable(answer: Response): RegistryAnswer {
  const { status, headers } = answer;
  return {
    status,
    headers,
    text: () => answer.text(),
    bytes: async () => Buffer.from(await answer.arrayBuffer()),
    discard: () => void answer.body?.cancel(),
  };
}

/** Asking again cannot help where nobody listens or the name does not exist. */
function isFinal(answer: Response | Error): boolean {
  return answer instanceof Error && /ENOTFOUND|ECONNREFUSED|certificate|timeout/i.test(answer.message);
}

function reasonOf(error: unknown): string {
  const { name, message, cause } = error as Error & { cause?: { code?: string; message?: string } };
  if (name === 'TimeoutError') return `no answer in ${patience / 1000} s (timeout)`;
  const code = cause?.code;
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `its address cannot be found (${code})`;
  if (code === 'ECONNREFUSED') return `nobody listens there (${code})`;
  return code ?? (cause?.message || message);
}
